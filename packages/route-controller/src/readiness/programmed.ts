import { routeReason } from "@datalayer/shared/crds/route";
import type { ExpectedRouter } from "./expected-routers.ts";
import type { Router, Routers } from "./routers.ts";
import type { Finding } from "./verdict.ts";

const programmed: Finding = {
  status: "True",
  reason: routeReason.programmed,
  message: "Every replica of the data plane serves this configuration.",
};

/** Whether a replica with these routers serves the configuration: all routers are there, as they should be, enabled. */
export function programmedIn(expected: readonly ExpectedRouter[], routers: Routers): Finding {
  for (const one of expected) {
    const finding = ofRouter(one, routers);
    if (finding.status !== "True") return finding;
  }
  return programmed;
}

function ofRouter(expected: ExpectedRouter, routers: Routers): Finding {
  const router = expected.names.map((name) => routers.get(name)).find((one) => one !== undefined);
  if (!router) {
    return notYet(
      `Traefik does not show the router ${expected.names[0] ?? ""} yet; it leaves out routers whose Service is missing or has no port of that name.`,
    );
  }
  if (!router.isEnabled) {
    const message = router.errors.join("; ") || "Traefik does not say why.";
    return { status: "False", reason: routeReason.routerError, message };
  }
  return isAsExpected(expected, router)
    ? programmed
    : notYet(`Traefik still serves the former configuration of the router ${router.name}.`);
}

function notYet(message: string): Finding {
  return { status: "False", reason: routeReason.notProgrammed, message };
}

function isAsExpected(expected: ExpectedRouter, router: Router): boolean {
  return (
    router.rule === expected.rule &&
    (expected.priority === undefined || router.priority === expected.priority) &&
    router.hasTls === expected.hasTls &&
    // Traefik serves all its entry points when none is named.
    (expected.entryPoints.length === 0 || isSameList(expected.entryPoints, router.entryPoints)) &&
    expected.middlewares.length === router.middlewares.length &&
    expected.middlewares.every((names, index) => names.includes(router.middlewares[index] ?? ""))
  );
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
