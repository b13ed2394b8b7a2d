import semver from "semver";
import { isHeld } from "../down/held.ts";
import type { Finding as Problem } from "../observe/object-health.ts";
import { age } from "../terminal/age.ts";
import { type Category, failed, type Finding, fromFact, ok, warned } from "./check.ts";
import type { Facts } from "./facts.ts";

/** Longer than any finalizer of ours takes while its controller works. */
const STUCK_MS = 5 * 60_000;

const NAMED = 5;

/** What keeps a release from doing its work, or will. */
export const postChecks: readonly Category<Facts>[] = [
  {
    name: "Controllers",
    checks: [
      {
        id: "controllers",
        description: "every controller is ready",
        run: ({ status }) => {
          if (status.controllers.length === 0)
            return failed("there are none: is this the release's namespace?");
          return fromProblems(problemsOf(status.problems, ["Deployment", "ReplicaSet", "Pod"]), failed);
        },
      },
      {
        id: "leaders",
        description: "one replica of each controller leads",
        run: ({ status }) => fromProblems(problemsOf(status.problems, ["Lease"]), failed),
      },
      {
        id: "versions",
        description: "controllers and this command are of one version",
        run: ({ status, version }) => {
          const others = status.controllers.filter((one) => isOtherVersion(one.version, version));
          const list = others.map((one) => `${one.component} is ${one.version}`).join(", ");
          return others.length === 0 ? ok : warned(`${list}, this command ${version}`);
        },
      },
    ],
  },
  {
    name: "Kinds",
    checks: [
      {
        id: "kinds",
        description: "the kinds are served, and of the operator's version",
        run: ({ status }) => fromProblems(problemsOf(status.problems, ["CustomResourceDefinition"]), failed),
      },
    ],
  },
  {
    name: "REST API",
    checks: [
      {
        id: "api-endpoints",
        description: "the Service of the REST API leads to a replica",
        run: ({ apiEndpoints, status }) => {
          if (!has(status, "runtime-controller")) return ok;
          return fromFact(apiEndpoints, (slices) => {
            const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
            const isReady = endpoints.some((endpoint) => endpoint.conditions?.ready !== false);
            return isReady ? ok : failed("it has no endpoint that is ready: no runtime can be claimed");
          });
        },
      },
      {
        id: "api-key",
        description: "there is a key for callers of the REST API",
        run: ({ apiKey, status }) => {
          if (!has(status, "runtime-controller")) return ok;
          return fromFact(apiKey, (secret) =>
            secret ? ok : warned("the operator has made none, unless a Secret of your own has it"),
          );
        },
      },
    ],
  },
  {
    name: "Cloud credentials",
    checks: [
      {
        id: "credentials-secret",
        description: "the Secrets with credentials of a cloud are there",
        run: ({ credentials }) =>
          fromFact(credentials, (found) => {
            const missing = found.filter(({ secret }) => !secret).map(({ name }) => name);
            return missing.length === 0 ? ok : failed(`Secret ${missing.join(", ")} is missing`);
          }),
      },
    ],
  },
  {
    name: "Objects",
    checks: [
      {
        id: "pools",
        description: "pools, environments and contents are ready",
        run: ({ status }) => {
          const kinds = ["RuntimePool", "RuntimeEnvironment", "RuntimeContent"];
          return fromProblems(problemsOf(status.problems, kinds), failed);
        },
      },
      {
        id: "images",
        description: "images are built",
        run: ({ status }) => fromProblems(problemsOf(status.problems, ["Image"]), failed),
      },
      {
        id: "routes",
        description: "routes and their classes are ready",
        run: ({ status }) => fromProblems(problemsOf(status.problems, ["Route", "RouteClass"]), failed),
      },
      {
        id: "leftovers",
        description: "nothing waits in vain for a controller to let it go",
        run: ({ observed, runtimes, nowMs }) => {
          const pods = "value" in runtimes ? runtimes.value : [];
          const stuck = [...observed.objects, ...pods].filter((object) => {
            const sinceMs = nowMs - Date.parse(object.metadata.deletionTimestamp ?? "");
            return sinceMs > STUCK_MS && isHeld(object);
          });
          const [first] = stuck;
          if (!first) return ok;
          const since = age(nowMs - Date.parse(first.metadata.deletionTimestamp ?? ""));
          const names = stuck.slice(0, NAMED).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
          return failed(`being deleted, for ${since} and more: ${names.join(", ")} (${stuck.length} in all)`);
        },
      },
    ],
  },
];

function problemsOf(problems: readonly Problem[], kinds: readonly string[]): Problem[] {
  return problems.filter(({ object }) => kinds.includes(object.split(" ")[0] ?? ""));
}

function fromProblems(problems: readonly Problem[], judge: (message: string) => Finding): Finding {
  if (problems.length === 0) return ok;
  const lines = problems
    .slice(0, NAMED)
    .map(({ object, reason, message }) => `${object}: ${reason}${message === "" ? "" : `: ${message}`}`);
  const more = problems.length - lines.length;
  return judge([...lines, ...(more > 0 ? [`and ${more} more: plane status`] : [])].join("\n"));
}

function has({ controllers }: Facts["status"], component: string): boolean {
  return controllers.some((one) => one.component === component && one.desired > 0);
}

function isOtherVersion(version: string, own: string): boolean {
  const [a, b] = [semver.coerce(version), semver.coerce(own)];
  return a !== null && b !== null && semver.compare(a, b) !== 0;
}
