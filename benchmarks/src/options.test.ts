import { describe, expect, it } from "vitest";
import { OptionError, parseOptions, workloadNames } from "./options.ts";

describe("the command line", () => {
  it("measures everything at full length by default", () => {
    expect(parseOptions(["claims"])).toEqual({
      command: "claims",
      json: false,
      quick: false,
      ratePerSecond: 20,
      seconds: 60,
      pods: 5000,
      claims: 10_000,
      minutes: 60,
      rounds: 100,
      pools: 1_000,
      steadySeconds: 300,
      replacements: 100,
      routes: [100, 1_000, 5_000],
      samples: 50,
      builds: 20,
      only: workloadNames,
    });
  });

  it("is short with --quick, except where a number is given", () => {
    const options = parseOptions(["claims", "--quick", "--rate", "30", "--json"]);
    expect(options).toMatchObject({ quick: true, json: true, ratePerSecond: 30, seconds: 5 });
  });

  it.each(["claims", "soak", "injection", "pools", "routes", "images", "start"])(
    "knows the bench %s",
    (name) => {
      expect(parseOptions([name]).command).toBe(name);
    },
  );

  it("selects workloads", () => {
    expect(parseOptions(["claims", "--only", "serial,burst"]).only).toEqual(["serial", "burst"]);
  });

  it.each([
    [[], "expected one command"],
    [["claims", "soak"], "expected one command"],
    [["claims", "--rate", "0"], '--rate takes a number above 0, not "0"'],
    [["claims", "--pods", "many"], '--pods takes a number above 0, not "many"'],
    [["claims", "--only", "serial,nap"], '"nap" is none of writes, serial'],
    [["claims", "--fast"], "--fast"],
  ])("%j is refused with a sentence that helps", (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(OptionError);
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
