import { describe, expect, it } from "vitest";
import { decodeObject, decodePage } from "./decode.ts";
import { ConfigMap } from "./kinds.ts";

const call = { verb: "list", kind: "ConfigMap", target: "team" };
const metadata = { resourceVersion: "7" };
const garbled = expect.objectContaining({ failure: "garbled", sent: true }) as Error;

describe("an answer to a list", () => {
  it("becomes a page of complete objects", () => {
    const body = {
      items: [{ metadata: { name: "a", managedFields: [{}] } }],
      metadata: { ...metadata, continue: "c" },
    };
    const page = decodePage(call, ConfigMap, body);
    expect(page).toMatchObject({ resourceVersion: "7", continue: "c" });
    expect(page.items).toEqual([{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }]);
  });

  it("may say null for no objects", () => {
    expect(decodePage(call, ConfigMap, { items: null, metadata }).items).toEqual([]);
  });

  it.each([
    null,
    "ok",
    [],
    {},
    { status: "ok" },
    { metadata },
    { items: [] },
    { items: null },
    { items: {}, metadata },
    { items: [], metadata: {} },
    { items: [], metadata: null },
    { items: [], metadata: { resourceVersion: "" } },
    { items: [null], metadata },
    { items: [{}], metadata },
  ])("is garbled when it is %j", (body) => {
    expect(() => decodePage(call, ConfigMap, body)).toThrow(garbled);
  });
});

describe("an answer that should be an object", () => {
  it.each([null, "ok", [], {}, { metadata: null }])("is garbled when it is %j", (body) => {
    expect(() => decodeObject(call, ConfigMap, body)).toThrow(garbled);
  });
});
