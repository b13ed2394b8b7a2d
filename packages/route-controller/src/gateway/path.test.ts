import { basePathOf } from "@datalayer/shared/runtime/base-path";
import { describe, expect, it } from "vitest";
import { isUntracked, poolOf, runtimeOf } from "./path.ts";

const address = { pool: "python-simple.pool", ulid: "01j9abc" };
const base = basePathOf(address);

describe("the runtime of a request", () => {
  it.each(["", "/", "?a=b", "/api/contents/a%20b.ipynb?x=..%2f", "/lab/tree/%C3%A9", "//double"])(
    "is found in what begins with its path and goes on with %j",
    (rest) => expect(runtimeOf(`${base}${rest}`)).toEqual(address),
  );

  it.each([
    "/",
    "/jupyter/server/",
    "/jupyter/server/pool",
    "/jupyter/server/pool/",
    "/jupyter/server//01j9abc/",
    "//jupyter/server/pool/01j9abc",
    "/jupyter/server/pool/01J9ABC/",
    "/jupyter/server/pool/01j9abc;x/",
    "/jupyter/server/Pool/01j9abc/",
    "/jupyter/server/-pool/01j9abc/",
    "/jupyter/server/po%6fl/01j9abc/",
    "/JUPYTER/server/pool/01j9abc/",
    `/x${base}`,
  ])("is none in %s", (target) => expect(runtimeOf(target)).toBeUndefined());

  it.each([
    `${base}/../01other/api`,
    `${base}/%2e%2e/01other/api`,
    `${base}/.%2E/01other/api`,
    `${base}/./api`,
    `${base}/..`,
    `${base}%2fapi`,
    `${base}/api%2Fcontents`,
    `${base}/api%5c..`,
    `${base}/api\\..\\`,
    `${base}/api%00`,
    `${base}/api%0d%0aX:y`,
    `${base}/api#x`,
    `http://elsewhere${base}/api`,
    "*",
    "",
  ])("is refused in %s", (target) => expect(runtimeOf(target)).toBe("malformed"));
});

describe("the pool of a request that names no runtime", () => {
  it.each(["", "/", "?a=b", "/?a=b"])("is found in its path and %j", (rest) =>
    expect(poolOf(`/jupyter/server/${address.pool}${rest}`)).toBe(address.pool),
  );

  it.each([base, `${base}/`, "/jupyter/server/", "/jupyter/server//", "/jupyter/server/Pool", "/jupyter"])(
    "is none in %s",
    (target) => expect(poolOf(target)).toBeUndefined(),
  );
});

describe("a request that is no use", () => {
  it.each([
    ["/api?no_track_activity=1", true],
    ["/api?a=b&no_track_activity=1&c=d", true],
    ["/api?no_track_activity=10", false],
    ["/no_track_activity=1", false],
    ["/api?xno_track_activity=1", false],
  ])("%s: %s", (target, expected) => expect(isUntracked(target)).toBe(expected));
});
