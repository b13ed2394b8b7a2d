import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { isTrue } from "@datalayer/shared/controller/conditions";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { Lease, Pod } from "@datalayer/shared/kube/kinds";
import type { Kind } from "@datalayer/shared/kube/object";
import { refusalOf, sendStrictly } from "@datalayer/shared/kube/testkit/admission";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { beforeAll, describe, expect, it } from "vitest";
import { annotation, label } from "../src/runtime/names.ts";
import { contentManifest, environmentManifest, poolManifest } from "./builders.ts";
import { type Harness, startHarness, type TestReplica } from "./harness.ts";

type Fields = Record<string, unknown>;

/** A manifest to spoil. */
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: Fields;
  spec: Fields;
}

/** A kind, a manifest of it that is right, and a field of its spec that holds one line of text. */
interface Subject {
  kind: Kind;
  right: (namespace: string) => object;
  text: string;
}

const subjects: Subject[] = [
  { kind: RuntimePool, right: (namespace) => poolManifest(namespace), text: "environment" },
  { kind: RuntimeEnvironment, right: (namespace) => environmentManifest(namespace), text: "title" },
  { kind: RuntimeContent, right: (namespace) => contentManifest(namespace, "course"), text: "source" },
];

let cluster: Harness;
let replica: TestReplica;

beforeAll(async () => {
  cluster = await startHarness();
  replica = await cluster.startReplica("first");
});

/** Sends a right manifest after something was done to it, strictly, and stores nothing. */
function send(
  { kind, right, text }: Subject,
  spoil: (manifest: Manifest, field: string) => void,
  replace: [string, string] = ["", ""],
): Promise<unknown> {
  const { namespace, admin } = cluster;
  const manifest = structuredClone(right(namespace)) as Manifest;
  spoil(manifest, text);
  return sendStrictly(admin, kind, JSON.stringify(manifest).replace(...replace), { namespace });
}

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

describe.each(subjects.map((subject) => [subject.kind.kind, subject] as const))("a %s", (_, subject) => {
  const refused: [string, (manifest: Manifest, text: string) => void, string, [string, string]?][] = [
    [
      "with 1.4 MB of annotations",
      ({ metadata }) => (metadata["annotations"] = { a: "x".repeat(1_400_000) }),
      "metadata.annotations: Too long: may not be more than 262144 bytes",
    ],
    [
      "with 1.4 MB of text",
      ({ spec }, text) => (spec[text] = "x".repeat(1_400_000)),
      `spec.${subject.text}: Too long`,
    ],
    [
      "with a list that is 1,000 deep",
      ({ spec }, text) => (spec[text] = "NESTED"),
      `spec.${subject.text} in body must be of type string: "array"`,
      ['"NESTED"', nested(1000)],
    ],
    [
      "with a number that no computer holds",
      ({ spec }, text) => (spec[text] = "NUMBER"),
      "1e999",
      ['"NUMBER"', "1e999"],
    ],
    [
      "with a NUL",
      ({ spec }, text) => (spec[text] = "https://a/b\u0000c"),
      `spec.${subject.text}: Invalid value: "https://a/b\\x00c"`,
    ],
    [
      "with a line break",
      ({ spec }, text) => (spec[text] = "https://a/b\r\nc"),
      `spec.${subject.text}: Invalid value: "https://a/b\\r\\nc"`,
    ],
    [
      "with __proto__",
      ({ spec }) => (spec["PROTO"] = { a: 1 }),
      'unknown field "spec.__proto__"',
      ["PROTO", "__proto__"],
    ],
    [
      "with constructor",
      ({ spec }) => (spec["constructor"] = { prototype: {} }),
      'unknown field "spec.constructor"',
    ],
    [
      "with a field given twice",
      ({ spec }, text) => (spec[text] = "TWICE"),
      `duplicate field "spec.${subject.text}"`,
      ['"TWICE"', `"a","${subject.text}":"b"`],
    ],
    ["with an unknown field", ({ spec }) => (spec["hostPath"] = "/"), 'unknown field "spec.hostPath"'],
  ];
  it.each(refused)("%s is refused", async (_name, spoil, expected, replace) => {
    expect(await refusalOf(send(subject, spoil, replace))).toContain(expected);
  });

  const accepted: [string, (manifest: Manifest) => void][] = [
    ["with the longest name", ({ metadata }) => (metadata["name"] = `${"a".repeat(250)}.bc`)],
    [
      "with text from right to left, and emoji",
      ({ metadata }) => (metadata["annotations"] = { note: "סביבה 🚀 \u202eabc" }),
    ],
    ["with half a character", ({ metadata }) => (metadata["annotations"] = { note: "\ud800" })],
    [
      "with an owner that is not ours",
      ({ metadata }) =>
        (metadata["ownerReferences"] = [{ apiVersion: "v1", kind: "Pod", name: "x", uid: "u" }]),
    ],
    ["with a finalizer of ours", ({ metadata }) => (metadata["finalizers"] = ["datalayer.io/usage"])],
    [
      "with 1,000 finalizers",
      ({ metadata }) => (metadata["finalizers"] = Array.from({ length: 1000 }, (_one, i) => `a.b/f${i}`)),
    ],
    [
      "with the labels of a runtime",
      ({ metadata }) =>
        (metadata["labels"] = {
          [label.app]: runtimeApp,
          [label.state]: "assigned",
          constructor: "prototype",
        }),
    ],
  ];
  it.each(accepted)("%s is accepted", async (_name, spoil) => {
    await expect(send(subject, spoil)).resolves.toHaveProperty("metadata");
  });
});

describe("objects with the longest names, labels of runtimes and a forged status", () => {
  // Where a label value has to be cut, there is a dot.
  const name = `${"a".repeat(51)}.${"b".repeat(100)}.${"c".repeat(100)}`;
  const strange = {
    labels: { [label.app]: runtimeApp, [label.state]: "assigned" },
    annotations: { [annotation.claimId]: "forged" },
  };

  beforeAll(async () => {
    const { namespace, admin } = cluster;
    const contents = [{ name, mount: "/data" }];
    const manifests: [Kind, object][] = [
      [RuntimeContent, contentManifest(namespace, name)],
      [RuntimeEnvironment, environmentManifest(namespace, { name, contents })],
      [RuntimePool, poolManifest(namespace, { name, environment: name, size: 2 })],
    ];
    for (const [kind, manifest] of manifests) {
      const { metadata, ...rest } = manifest as { metadata: object };
      const status = { conditions: [], available: 99, assigned: 99 };
      await admin.create(kind, { ...rest, metadata: { ...metadata, ...strange }, status } as never);
    }
    await cluster.available(name, 2);
  });

  it("make a pool that is filled, says so, and then rests", async () => {
    const { namespace, admin, proxy } = cluster;
    const pool = await eventually(
      async () => {
        const stored = await admin.get(RuntimePool, { namespace, name });
        return isTrue(stored.status?.conditions ?? [], "Ready") && stored.status?.available === 2 && stored;
      },
      { timeoutMs: 20_000, message: "the pool being ready" },
    );
    expect(pool.status).toMatchObject({ desired: 2, available: 2, pending: 0, assigned: 0 });
    const renewals = (sinceMs: number) => proxy.log.commits({ sinceMs, resource: Lease.plural }).length;
    const rest = async (): Promise<number> => {
      const sinceMs = performance.now();
      await eventually(() => renewals(sinceMs) >= 2, { timeoutMs: 30_000, message: "the lease" });
      return proxy.log.writes({ sinceMs, exceptResource: Lease.plural }).length;
    };
    await eventually(async () => (await rest()) === 0, {
      timeoutMs: 60_000,
      message: "nothing being written",
    });
  });

  it.each([
    ["a warm runtime", {}],
    ["one of a size", { size_class: "small" }],
    ["one with a home", { capabilities: ["user_storage"] }],
  ])("serve claims of %s", async (_, wish) => {
    const { namespace, admin } = cluster;
    const { status, body } = await replica.claim({ environment_name: name, pool_name: name, ...wish });
    expect(status).toBeLessThan(300);
    const { pod_name: podName, uid, ingress } = body.runtime;
    expect(ingress).toContain(`/jupyter/server/${name}/${uid}`);
    const pod = await eventually(() => admin.get(Pod, { namespace, name: podName }), {
      message: "its Pod being there",
    });
    expect(pod.metadata.annotations).toMatchObject({ [annotation.pool]: name });
    expect(pod.metadata.annotations).not.toMatchObject(strange.annotations);
    expect((await replica.ask("DELETE", `/runtimes/${podName}`)).status).toBe(200);
    await eventually(async () => (await replica.ask("GET", `/runtimes/${podName}`)).status === 404, {
      timeoutMs: 20_000,
      message: "its end",
    });
  });
});
