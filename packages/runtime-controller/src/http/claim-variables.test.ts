import { describe, expect, it } from "vitest";
import { variablesOf } from "./claim-variables.ts";
import { claimBody } from "./schemas.ts";

const variable = (name: string, value = "v") => ({ name, value });
const body = (fields: object): object => ({ pool_name: "p", user_uid: "u", ...fields });

/** Where and why the body is refused. */
function refusals(fields: object): string[] {
  const { error } = claimBody.safeParse(body(fields));
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("what a claim brings", () => {
  it("is both fields together", () => {
    const parsed = claimBody.parse(
      body({ env_vars: [variable("REGION", "eu")], secrets: [variable("TOKEN", "t")] }),
    );
    expect(Object.fromEntries(variablesOf(parsed))).toEqual({ REGION: "eu", TOKEN: "t" });
  });

  it("is nothing without them", () => {
    expect(variablesOf(claimBody.parse(body({}))).size).toBe(0);
    expect(variablesOf(claimBody.parse(body({ env_vars: [], secrets: [] }))).size).toBe(0);
  });

  it.each([
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "NODE_OPTIONS",
    "DATALAYER_CLAIM_DIR",
    "JUPYTER_TOKEN",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PATH",
    "HOME",
    "BASH_ENV",
    "KUBERNETES_SERVICE_HOST",
  ])("is not the reserved %s", (name) => {
    expect(refusals({ secrets: [variable(name)] })).toEqual(["secrets.0.name: is reserved"]);
    expect(refusals({ env_vars: [variable(name)] })).toEqual(["env_vars.0.name: is reserved"]);
  });

  it.each(["PYTHONUNBUFFERED", "_", "a1", "HOMES", "XLD_PRELOAD"])("may be %s", (name) => {
    expect(refusals({ secrets: [variable(name)] })).toEqual([]);
  });

  const shape = "takes letters, digits and '_', and does not start with a digit";
  it.each(["", "1A", "A-B", "A=B", "../A", "..data", "A\n", "É", "secret-of-claim"])(
    "is not named %j",
    (name) => {
      expect(refusals({ secrets: [variable(name)] })).toEqual([`secrets.0.name: ${shape}`]);
    },
  );

  it("is named in 128 characters at most", () => {
    expect(refusals({ secrets: [variable("A".repeat(128))] })).toEqual([]);
    expect(refusals({ secrets: [variable("A".repeat(129))] })).toHaveLength(1);
  });

  it.each(["\0", "a\0b", "\ud800"])("has no value that no variable can have: %j", (value) => {
    expect(refusals({ env_vars: [variable("A", value)] })).toEqual([
      "env_vars.0.value: takes text without NUL",
    ]);
  });

  it("is not given twice, in one field or in both", () => {
    expect(refusals({ secrets: [variable("A"), variable("A", "w")] })).toEqual([
      "secrets.1.name: is given twice",
    ]);
    expect(refusals({ env_vars: [variable("A")], secrets: [variable("A")] })).toEqual([
      "secrets.0.name: is given twice",
    ]);
  });

  it("is at most 100 in each field, 64 KiB each and 256 KiB in all", () => {
    const many = (count: number, value = "v") =>
      Array.from({ length: count }, (_, index) => variable(`A${index}`, value));
    expect(refusals({ secrets: many(100) })).toEqual([]);
    expect(refusals({ secrets: many(101) })).toHaveLength(1);
    const large = "x".repeat(65_536);
    expect(refusals({ secrets: many(3, large) })).toEqual([]);
    expect(refusals({ secrets: [variable("A", `${large}x`)] })).toHaveLength(1);
    const whole = "secrets: holds more than 262144 bytes in all, with env_vars";
    expect(refusals({ secrets: many(4, large) })).toEqual([whole]);
    // Counted in bytes: each of these is two.
    expect(refusals({ env_vars: many(3, "é".repeat(65_536)) })).toEqual([whole]);
  });

  it("is never quoted in a refusal", () => {
    const value = "canary\0";
    const all = JSON.stringify(refusals({ secrets: [variable("A", value), variable("A", value)] }));
    expect(all).not.toContain("canary");
  });
});
