import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { TestTraefik } from "@datalayer/devcluster/testkit/traefik";
import type { IngressRoute } from "@datalayer/shared/crds/traefik";
import { Secret } from "@datalayer/shared/kube/kinds";
import { kindOf } from "@datalayer/shared/kube/testkit/chart";
import type { ResolvedRoute } from "../../src/backends/backend.ts";
import { traefikBackend } from "../../src/backends/traefik/backend.ts";
import { ownedBy } from "../../src/route/names.ts";
import { type Answer, ask, type Request } from "../client.ts";
import { type Harness, startHarness } from "../harness.ts";
import {
  resolvedMatch,
  resolvedRoute,
  resolvedRule,
  resolvedTarget,
  storedRouteClass,
} from "../resolved-route.ts";

/** A real Traefik, and the translation of Routes for it without a controller: what is translated is what is served. */
export class Stage {
  readonly cluster: Harness;
  readonly traefik: TestTraefik;
  readonly #routeClass = storedRouteClass({ backend: "traefik" });

  constructor(cluster: Harness, traefik: TestTraefik) {
    this.cluster = cluster;
    this.traefik = traefik;
  }

  /**
   * Serves a Route, open to all, at `http://<name>.test/` with the Service `target`, where the test says nothing
   * else; waits until Traefik says that all its routers are in force.
   */
  async serve(name: string, changes: Partial<ResolvedRoute> = {}): Promise<void> {
    const { admin, namespace } = this.cluster;
    const stored = await this.cluster.createRoute(name);
    const translation = traefikBackend.translate(
      resolvedRoute({
        namespace,
        name,
        uid: stored.metadata.uid,
        owner: ownedBy(stored),
        hosts: [`${name}.test`],
        rules: [resolvedRule({ targets: [resolvedTarget({ service: { name: "target", port: 80 } })] })],
        ...changes,
      }),
      this.#routeClass,
      undefined,
    );
    if (!("objects" in translation)) throw new Error(JSON.stringify(translation.unsupported));
    for (const object of translation.objects) await admin.apply(kindOf(object), object);
    const sets = translation.objects.filter(
      (object): object is IngressRoute => object.kind === "IngressRoute",
    );
    await Promise.all(sets.flatMap((set) => set.spec.routes.map((_, index) => this.#inForce(set, index))));
  }

  /** A request over HTTP to `<name>.test`. */
  ask(name: string, path: string, options: Request = {}): Promise<Answer> {
    return ask(`${this.traefik.url}${path}`, { host: `${name}.test`, ...options });
  }

  /** A request over HTTPS to `<name>.test`. */
  askSecurely(name: string, path: string, options: Request = {}): Promise<Answer> {
    return ask(`${this.traefik.secureUrl}${path}`, { host: `${name}.test`, ...options });
  }

  /** A Secret with these texts. */
  async secret(name: string, stringData: Record<string, string>): Promise<void> {
    const { admin, namespace } = this.cluster;
    const { apiVersion, kind } = Secret;
    await admin.create(Secret, {
      apiVersion,
      kind,
      metadata: { namespace, name },
      type: "Opaque",
      stringData,
    });
  }

  /** A Secret with a certificate for a host, as cert-manager writes it. */
  async certificate(name: string, host: string): Promise<void> {
    const { admin, namespace } = this.cluster;
    const { key, cert } = await makeCertificate({ ip: this.traefik.address, name: host });
    await admin.create(Secret, {
      apiVersion: Secret.apiVersion,
      kind: Secret.kind,
      metadata: { namespace, name },
      type: "kubernetes.io/tls",
      stringData: { "tls.key": key, "tls.crt": cert },
    });
  }

  #inForce({ metadata, spec }: IngressRoute, index: number): Promise<unknown> {
    const name = `${metadata.namespace ?? ""}_${metadata.name}_${index}@kubernetescrd`;
    return eventually(
      async () => {
        const { status, rule, error = [] } = await routerOf(this.traefik, name);
        if (rule !== spec.routes[index]?.match) return false;
        // It may see a router before what the router names.
        if (status !== "enabled") throw new Error(error.join("; "));
        return true;
      },
      { timeoutMs: 40_000, message: `router ${name} being in force` },
    );
  }
}

/** What Traefik says of a router; nothing while there is none. */
async function routerOf({ apiUrl }: TestTraefik, name: string) {
  const response = await fetch(`${apiUrl}/api/http/routers/${encodeURIComponent(name)}`);
  return (await response.json()) as { rule?: string; status?: string; error?: string[] };
}

/** Makes the stage of a test file; call it in `beforeAll`. */
export async function startStage(options: { args?: readonly string[] } = {}): Promise<Stage> {
  const cluster = await startHarness();
  const [traefik] = await cluster.startTraefiks(1, options);
  if (!traefik) throw new Error("no Traefik");
  return new Stage(cluster, traefik);
}

/** A rule for a prefix, to the Service `target` where nothing else is said. */
export function ruleFor(
  prefix: string,
  changes: Partial<ReturnType<typeof resolvedRule>> = {},
  service = "target",
): ReturnType<typeof resolvedRule> {
  return resolvedRule({
    name: `for-${prefix.replaceAll("/", "-")}`,
    // Longer prefixes come first, as the controller has them.
    matches: [resolvedMatch({ path: { type: "Prefix", value: prefix }, priority: prefix.length })],
    targets: [resolvedTarget({ service: { name: service, port: 80 } })],
    ...changes,
  });
}
