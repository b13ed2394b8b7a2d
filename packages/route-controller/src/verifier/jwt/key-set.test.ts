import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import type { JSONWebKeySet } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { signingKey, type SigningKey } from "../../../test/verifier/issuer.ts";
import { KeySet } from "./key-set.ts";

const minuteMs = 60_000;
let clock: ManualClock;
let first: SigningKey;
let second: SigningKey;
let published: JSONWebKeySet | Error;
let reads: number;
let keys: KeySet;

beforeEach(async () => {
  clock = new ManualClock();
  [first, second] = await Promise.all([signingKey("first"), signingKey("second")]);
  published = { keys: [first.jwk] };
  reads = 0;
  keys = new KeySet({
    url: "https://issuer.example/keys",
    clock,
    read: () => {
      reads++;
      return published instanceof Error ? Promise.reject(published) : Promise.resolve(published);
    },
  });
});

const find = (kid: string) => keys.find({ alg: "ES256", kid });

describe("given keys that can be read", () => {
  it("reads them once, however many ask at the same time", async () => {
    expect(await Promise.all([keys.ready(), keys.ready(), keys.ready()])).toEqual([true, true, true]);
    await find("first");
    expect(reads).toBe(1);
  });

  it("looks again for a key that is not among them, and finds the new one", async () => {
    await keys.ready();
    const version = keys.version;
    published = { keys: [first.jwk, second.jwk] };
    await clock.advance(10_000);
    await find("second");
    expect(reads).toBe(2);
    expect(keys.version).not.toBe(version);
  });

  it("does not look again more than once in ten seconds, whatever tokens name", async () => {
    await keys.ready();
    await clock.advance(10_000);
    for (let attempt = 0; attempt < 20; attempt++) {
      await expect(find(`forged-${attempt}`)).rejects.toThrow("no applicable key");
      await clock.advance(499);
    }
    expect(reads).toBe(2);
  });

  it("drops a key that is published no more after five minutes, without anybody waiting", async () => {
    await keys.ready();
    published = { keys: [second.jwk] };
    await clock.advance(5 * minuteMs);
    expect(await keys.ready()).toBe(true);
    await clock.advance(0);
    await expect(find("first")).rejects.toThrow("no applicable key");
  });

  it("drops such a key at once when nobody asked for ten minutes", async () => {
    await keys.ready();
    published = { keys: [second.jwk] };
    await clock.advance(10 * minuteMs);
    expect(await keys.ready()).toBe(true);
    await expect(find("first")).rejects.toThrow("no applicable key");
  });

  it("keeps its version when the same keys are read again", async () => {
    await keys.ready();
    const version = keys.version;
    await clock.advance(5 * minuteMs);
    await keys.ready();
    await clock.advance(0);
    expect(reads).toBe(2);
    expect(keys.version).toBe(version);
  });
});

describe("given keys that cannot be read", () => {
  it("has none, and tries again after a second and not before", async () => {
    published = new Error("down");
    expect(await keys.ready()).toBe(false);
    await clock.advance(999);
    expect(await keys.ready()).toBe(false);
    expect(reads).toBe(1);
    published = { keys: [first.jwk] };
    await clock.advance(1);
    expect(await keys.ready()).toBe(true);
    await find("first");
  });

  it("goes on with those at hand for an hour, then has none", async () => {
    await keys.ready();
    published = new Error("down");
    await clock.advance(60 * minuteMs - 1);
    expect(await keys.ready()).toBe(true);
    await find("first");
    await clock.advance(10_000);
    expect(await keys.ready()).toBe(false);
  });

  it("knows no key that is not among those at hand", async () => {
    await keys.ready();
    published = new Error("down");
    await clock.advance(10_000);
    await expect(find("second")).rejects.toThrow("no applicable key");
    await find("first");
  });
});
