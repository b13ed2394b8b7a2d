import { describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { storedHome } from "../../test/homes.ts";
import { storedEnvironment, storedPool } from "../../test/pool-objects.ts";
import { annotation, usageFinalizer } from "../runtime/names.ts";
import { buildHomePod, secondsLeft } from "./home-pod.ts";
import { homeAnnotation, homeFinalizer, neverRan } from "./names.ts";

const ulid = "01j9z8w7v6t5s4r3q2p1n0m9k8";
const template = (spec: Parameters<typeof storedEnvironment>[0] = {}) => ({
  pool: storedPool(),
  environment: storedEnvironment(spec),
  image: "i",
  settings: { serviceAccount: "s", imagePullSecrets: [] },
  revision: "r",
});
const paused = (fields: Parameters<typeof assignment>[0] = {}, lastPod = "uid-before") =>
  storedHome({ ulid, state: "resuming", lastPod, pausedAt: 1_000_500, assignment: assignment(fields) });

const times = { now: 2_000_000, startDeadline: 2_000_300 };

describe("the Pod that takes over from a home", () => {
  it("has the name, the user and the home of before, and says whom it follows", () => {
    const { metadata, spec } = buildHomePod(template(), paused({ userUid: "user-7" }), times);
    expect(metadata.name).toBe(`runtime-${ulid}`);
    expect(metadata.finalizers).toEqual([usageFinalizer, homeFinalizer]);
    expect(metadata.labels).toMatchObject({ "runtime-pools.datalayer.io/user-uid": "user-7" });
    expect(metadata.annotations).toMatchObject({
      [homeAnnotation.claim]: `runtime-${ulid}-home`,
      [homeAnnotation.resumes]: "uid-before",
      [annotation.tokenKeyId]: "key-1",
    });
    const claimName = `runtime-${ulid}-home`;
    expect(spec?.volumes).toContainEqual({ name: "home", persistentVolumeClaim: { claimName } });
  });

  it.each([
    ["the default one", {}, "/home/datalayer"],
    ["that of the environment", { home: "/home/me" }, "/home/me"],
    ["that of an older environment", { env: [{ name: "HOME", value: "/home/jovyan" }] }, "/home/jovyan"],
  ])("has its home folder at %s", (_, spec, mountPath) => {
    const pod = buildHomePod(template(spec), paused(), times);
    expect(pod.spec?.containers[0]?.volumeMounts).toContainEqual({ name: "home", mountPath });
  });

  it("uses no credits for the time of the pause", () => {
    const home = paused({ startedAt: 1_000_000, expiredAt: 1_000_600 });
    expect(secondsLeft(home)).toBe(100);
    const { annotations } = buildHomePod(template(), home, times).metadata;
    expect(annotations).toMatchObject({
      [annotation.startedAt]: "2000000",
      [annotation.expiredAt]: "2000100",
    });
  });

  it("keeps in mind what was used before it, over any number of pauses", () => {
    const used = (home: ReturnType<typeof paused>): string | undefined =>
      buildHomePod(template(), home, times).metadata.annotations?.[annotation.usedSeconds];
    const ran = { startedAt: 1_000_000, expiredAt: 1_000_600 };
    expect(used(paused(ran))).toBe("500");
    expect(used(paused({ ...ran, usedSeconds: 40 }))).toBe("540");
    expect(used(paused({ ...ran, usedSeconds: 40, startDeadline: 1_000_300 }))).toBe("40");
    expect(used(paused(ran, neverRan))).toBeUndefined();
  });

  it("has used nothing when it was paused before it had a Pod", () => {
    expect(secondsLeft(paused({ startedAt: 1_000_000, expiredAt: 1_000_600 }, neverRan))).toBe(600);
  });

  it("has used nothing when it was paused before it served", () => {
    const home = paused({ startedAt: 1_000_000, expiredAt: 1_000_600, startDeadline: 1_000_300 });
    expect(secondsLeft(home)).toBe(600);
  });

  it("has to serve by its deadline, from when its time counts", () => {
    const { annotations } = buildHomePod(template(), paused(), times).metadata;
    expect(annotations).toMatchObject({ [annotation.startDeadline]: "2000300" });
  });

  it("has no end by credits when it had none", () => {
    const { annotations } = buildHomePod(template(), paused(), times).metadata;
    expect(annotations).not.toHaveProperty([annotation.expiredAt]);
  });

  it.each([
    ["announces what its claim brings", neverRan, "true"],
    ["does not wait, later on, for what only its first Pod had", "uid-before", undefined],
  ])("%s", (_, lastPod, announced) => {
    const { annotations = {} } = buildHomePod(
      template(),
      paused({ bringsSecret: true }, lastPod),
      times,
    ).metadata;
    expect(annotations[annotation.bringsSecret]).toBe(announced);
  });
});
