import { stringify } from "yaml";
import { describe, expect, it } from "vitest";
import { chartsDir, helm, objectOf, ofKind, render } from "./helm.ts";
import { containerOf } from "./objects.ts";

/** Words that are nowhere else. */
const canaries = {
  azureSecret: "canary-azure-secret",
  awsSecret: "canary-aws-secret",
  awsKey: "canary-aws-key",
  apiKey: "canary-api-key-0123456789",
  previousApiKey: "canary-previous-key-0123456789",
  sinkKey: "canary-sink-key-0123456789",
  vaultToken: "canary-vault-token",
  password: "canary-password",
};

const values = {
  operator: {
    env: {
      DATALAYER_OPERATOR_API_KEY: canaries.apiKey,
      DATALAYER_OPERATOR_API_KEY_PREVIOUS: canaries.previousApiKey,
      DATALAYER_USAGE_SINK_KEY: canaries.sinkKey,
      DATALAYER_VAULT_TOKEN: canaries.vaultToken,
      DATALAYER_KAFKA_PASSWORD: canaries.password,
    },
    cloudCredentials: {
      enabled: true,
      azure: {
        tenantId: "tenant",
        clientId: "client",
        clientSecret: canaries.azureSecret,
        subscriptionId: "subscription",
      },
      aws: { accessKeyId: canaries.awsKey, secretAccessKey: canaries.awsSecret, defaultRegion: "eu-west-1" },
    },
    dashboards: { enabled: true },
    prometheusRule: { enabled: true },
    serviceMonitor: { enabled: true },
  },
};

const holdsCanary = (text: string): boolean =>
  Object.values(canaries).some((word) => text.includes(word) || text.includes(btoa(word).replace(/=+$/, "")));

describe("what is secret", () => {
  it("is in Secrets and in no other object", async () => {
    const objects = await render({ values });
    const holders = objects.filter((object) => holdsCanary(stringify(object)));
    expect(holders.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual([
      "Secret datalayer-operator-api-key",
      "Secret datalayer-operator-cloud-credentials",
      "Secret datalayer-runtime-controller-environment",
    ]);
    const all = stringify(ofKind(objects, "Secret"));
    expect(Object.values(canaries).filter((word) => !all.includes(word))).toEqual([]);
  });

  it("is in nothing that Helm says", async () => {
    const args = ["install", "datalayer-operator", `${chartsDir}/operator`, "--dry-run=client"];
    const { stdout, stderr } = await helm(args, { values });
    expect(stdout).toContain("NOTES:");
    expect(holdsCanary(stdout.slice(stdout.indexOf("NOTES:")))).toBe(false);
    expect(holdsCanary(stderr)).toBe(false);
  });

  it("is not told when it is refused", async () => {
    const { stderr } = await helm(["template", `${chartsDir}/operator`], {
      values: {
        operator: {
          replicas: "many",
          cloudCredentials: { azure: { clientSecret: canaries.azureSecret } },
        },
      },
    });
    expect(stderr).toContain("at '/replicas'");
    expect(stderr).toContain("at '/cloudCredentials/azure/tenantId'");
    expect(holdsCanary(stderr)).toBe(false);
  });

  it("comes as files where the process can read them, and else as variables", async () => {
    const objects = await render({ values });
    const { env = [] } = containerOf(objectOf(objects, "Deployment", "datalayer-runtime-controller"));
    expect(env).toContainEqual({
      name: "DATALAYER_USAGE_SINK_KEY_FILE",
      value: "/etc/datalayer/environment/DATALAYER_USAGE_SINK_KEY",
    });
    expect(env).toContainEqual({
      name: "DATALAYER_VAULT_TOKEN",
      valueFrom: {
        secretKeyRef: { name: "datalayer-runtime-controller-environment", key: "DATALAYER_VAULT_TOKEN" },
      },
    });
  });
});

describe("the API key", () => {
  it("is the same however often the chart is rendered, for the chart makes none", async () => {
    const [first, second] = [await render(), await render()];
    expect(second).toEqual(first);
    expect(ofKind(first, "Secret")).toEqual([]);
  });

  it("is made by the runtime-controller, and read as files by the others", async () => {
    const objects = await render({ values: { "route-controller": { gateway: { enabled: true } } } });
    const keyOf = (name: string): [string | undefined, string[]] => {
      const { spec } = objectOf(objects, "Deployment", name).spec.template;
      const { env = [] } = spec.containers[0]!;
      const variables = env.filter((one) => one.name.startsWith("DATALAYER_OPERATOR_API_KEY"));
      const secret = spec.volumes?.find((volume) => volume.name === "api-key")?.secret?.secretName;
      return [secret, variables.map((one) => `${one.name}=${one.value ?? ""}`)];
    };
    expect(keyOf("datalayer-runtime-controller")).toEqual([
      undefined,
      ["DATALAYER_OPERATOR_API_KEY_SECRET=datalayer-operator-api-key"],
    ]);
    for (const reader of [
      "datalayer-route-controller",
      "datalayer-runtime-gateway",
      "datalayer-image-controller",
    ])
      expect(keyOf(reader)).toEqual([
        "datalayer-operator-api-key",
        [
          "DATALAYER_OPERATOR_API_KEY_FILE=/etc/datalayer/api-key/apiKey",
          "DATALAYER_OPERATOR_API_KEY_PREVIOUS_FILE=/etc/datalayer/api-key/previousApiKey",
        ],
      ]);
    expect(keyOf("datalayer-verifier")).toEqual([undefined, []]);
  });

  it("may be a Secret of one's own, for all of them", async () => {
    const objects = await render({ values: { global: { apiKeySecret: "my-key" } } });
    const mounting = ofKind(objects, "Deployment").filter(({ spec }) =>
      spec.template.spec.volumes?.some(({ secret }) => secret?.secretName === "my-key"),
    );
    expect(mounting.map(({ metadata }) => metadata.name).toSorted()).toEqual([
      "datalayer-image-controller",
      "datalayer-route-controller",
      "datalayer-runtime-controller",
    ]);
    expect(JSON.stringify(objects)).not.toContain("DATALAYER_OPERATOR_API_KEY_SECRET");
  });
});

describe("the credentials of a cloud", () => {
  it("go to the runtime-controller as files and variables, and to nobody else", async () => {
    const objects = await render({ values });
    const users = ofKind(objects, "Deployment").filter((deployment) =>
      JSON.stringify(deployment).includes("cloud-credentials"),
    );
    expect(users.map(({ metadata }) => metadata.name)).toEqual(["datalayer-runtime-controller"]);
    const { spec } = users[0]!.spec.template;
    expect(spec.volumes).toContainEqual({
      name: "cloud-credentials",
      secret: { secretName: "datalayer-operator-cloud-credentials", defaultMode: 0o440 },
    });
    expect(spec.containers[0]!.volumeMounts).toContainEqual({
      name: "cloud-credentials",
      mountPath: "/etc/datalayer/cloud-credentials",
      readOnly: true,
    });
    expect(spec.containers[0]!.envFrom).toEqual([
      { secretRef: { name: "datalayer-operator-cloud-credentials" } },
    ]);
    expect(spec.containers[0]!.env).toContainEqual({
      name: "DATALAYER_CLOUD_CREDENTIALS_DIR",
      value: "/etc/datalayer/cloud-credentials",
    });
  });

  it("are those of the administrator's Secret, which is not made", async () => {
    const own = { enabled: true, create: false, secretName: "mine" };
    const objects = await render({ values: { operator: { cloudCredentials: own } } });
    expect(ofKind(objects, "Secret")).toEqual([]);
    const text = JSON.stringify(objectOf(objects, "Deployment", "datalayer-runtime-controller"));
    expect(text).toContain('"secretName":"mine"');
    expect(text).toContain('"secretRef":{"name":"mine"}');
  });

  it("are none unless they are asked for", async () => {
    expect(JSON.stringify(await render())).not.toContain("cloud-credentials");
  });

  it("rotate without a new Pod: nothing of the Pod says what they are", async () => {
    const rotated = structuredClone(values);
    rotated.operator.cloudCredentials.azure.clientSecret = "another";
    const of = async (some: object): Promise<unknown> =>
      objectOf(await render({ values: some }), "Deployment", "datalayer-runtime-controller").spec.template;
    expect(await of(rotated)).toEqual(await of(values));
  });
});
