import { settingTables } from "@datalayer/tools/docs/settings-tables";
import { describe, expect, it } from "vitest";
import { helm, chartsDir, objectOf, ofKind, refusalOf, render, type Rendering } from "./helm.ts";
import type { Deployment } from "./manifests.ts";
import { containerOf, variable } from "./objects.ts";

const runtimeController = async (values: object): Promise<Deployment> =>
  objectOf(await render({ values }), "Deployment", "datalayer-runtime-controller");

describe("values that are wrong", () => {
  it.each<[string, object, string]>([
    ["an unknown chart", { cilium: {} }, "at '': additional properties 'cilium' not allowed"],
    [
      "a misspelt group",
      { operator: { cloudCredential: {} } },
      "at '': additional properties 'cloudCredential' not allowed",
    ],
    [
      "a misspelt value within a group",
      { operator: { cloudCredentials: { azure: { tenantID: "t" } } } },
      "at '/cloudCredentials/azure': additional properties 'tenantID' not allowed",
    ],
    ["a negative number", { operator: { replicas: -1 } }, "at '/replicas': minimum: got -1, want 0"],
    [
      "a text for a number",
      { "route-controller": { verifier: { replicas: "two" } } },
      "at '/verifier/replicas': got string, want integer",
    ],
    ["a word that is none", { operator: { logLevel: "loud" } }, "at '/logLevel': value must be one of"],
    [
      "a namespace that cannot be one",
      { operator: { watchNamespaces: ["Team_A"] } },
      "at '/watchNamespaces/0': 'Team_A' does not match pattern",
    ],
    [
      "an object as a setting",
      { operator: { env: { DATALAYER_OPS_PORT: { port: 1 } } } },
      "at '/env/DATALAYER_OPS_PORT': got object, want null or boolean or number or string",
    ],
    [
      "an unknown part of an image",
      { operator: { image: { name: "x" } } },
      "at '/image': additional properties 'name' not allowed",
    ],
    [
      "credentials of nobody's",
      { operator: { cloudCredentials: { enabled: true, create: false } } },
      "at '/cloudCredentials/secretName': minLength: got 0, want 1",
    ],
    [
      "half of the credentials of Azure",
      { operator: { cloudCredentials: { azure: { tenantId: "t", clientId: "c", subscriptionId: "s" } } } },
      "at '/cloudCredentials/azure/clientSecret': minLength: got 0, want 1",
    ],
    [
      "half of the credentials of AWS",
      { operator: { cloudCredentials: { aws: { accessKeyId: "a", defaultRegion: "r" } } } },
      "at '/cloudCredentials/aws/secretAccessKey': minLength: got 0, want 1",
    ],
    [
      "two Secrets with credentials",
      { operator: { cloudCredentials: { enabled: true, secretName: "mine" } } },
      "cloudCredentials.secretName: expected none while cloudCredentials.create is true",
    ],
    [
      "the API key where it is only read",
      { "route-controller": { env: { DATALAYER_OPERATOR_API_KEY: "k" } } },
      "env.DATALAYER_OPERATOR_API_KEY: expected none; the key is read from the Secret datalayer-operator-api-key",
    ],
    [
      "the previous API key where keys are only read",
      { "route-controller": { env: { DATALAYER_OPERATOR_API_KEY_PREVIOUS: "k" } } },
      "env.DATALAYER_OPERATOR_API_KEY_PREVIOUS: expected none; the key is read from the Secret",
    ],
    [
      "a previous API key without the key",
      { operator: { env: { DATALAYER_OPERATOR_API_KEY_PREVIOUS: "k" } } },
      "env.DATALAYER_OPERATOR_API_KEY_PREVIOUS: expected only together with env.DATALAYER_OPERATOR_API_KEY",
    ],
    [
      "two API keys",
      { operator: { env: { DATALAYER_OPERATOR_API_KEY: "k" }, apiKey: { existingSecret: "mine" } } },
      "env.DATALAYER_OPERATOR_API_KEY: expected none while the key comes from the Secret mine",
    ],
  ])("are refused: %s", async (_, values, expected) => {
    expect(await refusalOf({ values })).toContain(expected);
  });

  it("are refused by each chart alone too", async () => {
    for (const chart of ["runtime-controller", "route-controller", "image-controller"])
      expect(await refusalOf({ chart, values: { replica: 1 } })).toContain(
        "at '': additional properties 'replica' not allowed",
      );
  });
});

describe("values of the published chart", () => {
  it("work with the types that --set gives them", async () => {
    const args = [
      "operator.image=registry.example.org/datalayer/operator:1.0.20",
      "operator.certificateIssuer=letsencrypt",
      "operator.crds=true",
      "operator.env.DATALAYER_AVAILABLE_RUNTIMES_MAX_LIFE_SEC=3600",
      "operator.env.DATALAYER_SCALING_DRY_RUN=false",
      "operator.env.DATALAYER_IAM_URL=http://iam",
      "operator.cloudCredentials.enabled=true",
      "operator.cloudCredentials.create=true",
      "operator.cloudCredentials.aws.accessKeyId=AKIA",
      "operator.cloudCredentials.aws.secretAccessKey=secret",
      "operator.cloudCredentials.aws.defaultRegion=eu-west-1",
    ].flatMap((value) => ["--set", value]);
    const objects = await render({ args });
    const container = containerOf(objectOf(objects, "Deployment", "datalayer-runtime-controller"));
    expect(container.image).toBe("registry.example.org/datalayer/operator:1.0.20");
    expect(variable(container, "DATALAYER_CERT_ISSUER")).toBe("letsencrypt");
    expect(variable(container, "DATALAYER_AVAILABLE_RUNTIMES_MAX_LIFE_SEC")).toBe("3600");
    expect(variable(container, "DATALAYER_SCALING_DRY_RUN")).toBe("false");
    expect(variable(container, "DATALAYER_IAM_URL")).toBe("http://iam");
    expect(ofKind(objects, "CustomResourceDefinition").length).toBeGreaterThan(4);
    expect(objectOf(objects, "Secret", "datalayer-operator-cloud-credentials").stringData).toEqual({
      AWS_ACCESS_KEY_ID: "AKIA",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_DEFAULT_REGION: "eu-west-1",
      AWS_REGION: "eu-west-1",
    });
  });

  it.each([
    ["operator.crds=false", "runtime-pools.datalayer.io"],
    ["operator.crds.install=false", "runtime-pools.datalayer.io"],
    ["route-controller.crds.install=false", "routes.datalayer.io"],
  ])("leave definitions out with %s", async (value, definition) => {
    const names = async (args: string[]): Promise<string[]> =>
      ofKind(await render({ args }), "CustomResourceDefinition").map(({ metadata }) => metadata.name);
    expect(await names([])).toContain(definition);
    expect(await names(["--set", value])).not.toContain(definition);
  });
});

describe("settings", () => {
  /** Where the settings of each process are values, and the Deployment that gets them. */
  const places: Readonly<Record<string, [deployment: string, values: (env: object) => Rendering]>> = {
    "runtime-controller": [
      "datalayer-runtime-controller",
      (env) => ({ chart: "runtime-controller", values: { env } }),
    ],
    "route-controller": [
      "datalayer-route-controller",
      (env) => ({ chart: "route-controller", values: { env } }),
    ],
    "route-controller verifier": [
      "datalayer-verifier",
      (env) => ({ chart: "route-controller", values: { verifier: { env } } }),
    ],
    "route-controller gateway": [
      "datalayer-runtime-gateway",
      (env) => ({ chart: "route-controller", values: { gateway: { enabled: true, env } } }),
    ],
    "image-controller": [
      "datalayer-image-controller",
      (env) => ({ chart: "image-controller", values: { env } }),
    ],
  };
  const ofThePod = ["POD_NAME", "POD_NAMESPACE"];
  const apiKeys = ["DATALAYER_OPERATOR_API_KEY", "DATALAYER_OPERATOR_API_KEY_PREVIOUS"];

  it("reach their process, each of them, and secret ones as files", async () => {
    for (const [command, rows] of await settingTables()) {
      const [name, valuesFor] = places[command]!;
      const own = rows.filter((row) => ![...ofThePod, ...apiKeys].includes(row.name));
      const rendering = valuesFor(Object.fromEntries(own.map((row) => [row.name, "1234"])));
      const container = containerOf(objectOf(await render(rendering), "Deployment", name));
      const expected = own.map((row) =>
        row.secret ? [`${row.name}_FILE`, `/etc/datalayer/environment/${row.name}`] : [row.name, "1234"],
      );
      expect(expected.map(([setting = ""]) => [setting, variable(container, setting)])).toEqual(expected);
    }
  });

  it.each([
    [1_000_000, "1000000"],
    [0, "0"],
    [0.0008, "0.0008"],
    [true, "true"],
    [false, "false"],
    ["", ""],
    ["-1", "-1"],
  ])("are written as they are meant: %j", async (value, expected) => {
    const deployment = await runtimeController({
      operator: { env: { DATALAYER_CLAIM_QUEUE_LENGTH: value } },
    });
    const { env = [] } = containerOf(deployment);
    expect(env.filter(({ name }) => name === "DATALAYER_CLAIM_QUEUE_LENGTH")).toEqual([
      { name: "DATALAYER_CLAIM_QUEUE_LENGTH", value: expected },
    ]);
  });

  it("of the gateway name the proxies that it trusts, and none by default", async () => {
    const name = "DATALAYER_GATEWAY_TRUSTED_PROXIES";
    const trustedBy = async (gateway: object): Promise<string | undefined> => {
      const values = { gateway: { enabled: true, ...gateway } };
      const objects = await render({ chart: "route-controller", values });
      return variable(containerOf(objectOf(objects, "Deployment", "datalayer-runtime-gateway")), name);
    };
    expect(await trustedBy({})).toBeUndefined();
    const trustedProxies = ["10.42.0.0/16", "fd00::/8"];
    expect(await trustedBy({ trustedProxies })).toBe("10.42.0.0/16,fd00::/8");
    expect(await trustedBy({ trustedProxies, env: { [name]: "10.0.0.0/8" } })).toBe("10.0.0.0/8");
  });

  it("of the administrator stand over those of the chart, also empty ones", async () => {
    const deployment = await runtimeController({
      operator: { logLevel: "warn", env: { DATALAYER_LOG_LEVEL: "debug", DATALAYER_WATCH_NAMESPACES: "" } },
    });
    const { env = [] } = containerOf(deployment);
    const of = (name: string): object[] => env.filter((one) => one.name === name);
    expect(of("DATALAYER_LOG_LEVEL")).toEqual([{ name: "DATALAYER_LOG_LEVEL", value: "debug" }]);
    expect(of("DATALAYER_WATCH_NAMESPACES")).toEqual([{ name: "DATALAYER_WATCH_NAMESPACES", value: "" }]);
  });

  it("that change a port change it everywhere", async () => {
    const objects = await render({
      values: { operator: { env: { DATALAYER_OPERATOR_PORT: 9000, DATALAYER_OPS_PORT: 9001 } } },
    });
    const { ports } = containerOf(objectOf(objects, "Deployment", "datalayer-runtime-controller"));
    expect(ports).toEqual([
      { name: "api", containerPort: 9000 },
      { name: "ops", containerPort: 9001 },
    ]);
    const { spec } = objectOf(objects, "NetworkPolicy", "datalayer-runtime-controller");
    expect(spec.ingress?.map((rule) => rule.ports)).toEqual([
      [{ port: 9000, protocol: "TCP" }],
      [{ port: 9001, protocol: "TCP" }],
    ]);
    // Who calls the Service notices nothing.
    const service = objectOf(objects, "Service", "datalayer-operator-svc");
    expect(service.spec.ports).toMatchObject([{ port: 2111, targetPort: "api" }]);
  });
});

describe("what Helm says in the end", () => {
  const notes = async (values: object): Promise<string> => {
    const args = ["install", "datalayer-operator", `${chartsDir}/operator`, "--dry-run=client"];
    const { stdout } = await helm([...args, "--namespace", "datalayer-runtimes"], { values });
    return stdout.slice(stdout.indexOf("NOTES:"));
  };

  it("is what to do next", async () => {
    const text = await notes({});
    expect(text).toContain("kubectl get pods -n datalayer-runtimes -l app=operator");
    expect(text).toContain("helm test datalayer-operator -n datalayer-runtimes");
    expect(text).toContain("kubectl get secret datalayer-operator-api-key -n datalayer-runtimes");
    expect(text).toContain("set traefikService");
    expect(text).not.toContain("<no value>");
  });

  it.each([
    [{ operator: { replicas: 0 } }, "No replica runs"],
    [{ operator: { env: { DATALAYER_SCALING_DRY_RUN: false } } }, "no credentials of a cloud"],
    [{ operator: {} }, "Users reach no runtime yet"],
    [{ global: { apiKeySecret: "my-key" } }, "kubectl get secret my-key"],
    [{ operator: { watchNamespaces: ["*"] } }, "the NetworkPolicy datalayer-runtimes"],
    [{ "image-controller": { watchNamespaces: ["*"] } }, "needs a NetworkPolicy like datalayer-builds"],
    [{ "image-controller": { builds: { createNamespaces: false } } }, "These namespaces have to exist"],
  ])("warns of what is missing: %j", async (values, expected) => {
    expect(await notes(values)).toContain(expected);
  });
});
