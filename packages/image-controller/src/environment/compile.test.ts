import type { EnvironmentSource } from "@datalayer/shared/crds/image";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDockerfile } from "../dockerfile/parse.ts";
import type { BuildContext } from "../engines/build-context.ts";
import { compileEnvironment, EnvironmentError } from "./compile.ts";

const installers = {
  micromamba: "docker.io/mambaorg/micromamba:2.3.2",
  pixi: "ghcr.io/prefix-dev/pixi:0.55.0",
};
const base = "r.example/python:3.13";

function compile(environment: Partial<EnvironmentSource> = {}): BuildContext {
  return compileEnvironment({ base, ...environment }, { base, installers });
}

const written = ({ dockerfile, files }: BuildContext): string =>
  [dockerfile, ...files.map(({ path, content }) => `--- ${path}\n${content}`)].join("");

const complete: Partial<EnvironmentSource> = {
  apt: ["libgomp1", "git=1:2.39.5-0+deb12u2", "g++"],
  conda: { channels: ["conda-forge", "https://conda.example/private"], packages: ["numpy >=2", "gdal"] },
  pip: ["pandas==3.0.1", "scipy>=1.16; python_version >= '3.12'"],
  postBuild: "jupyter lab build\n",
  uid: 1001,
  gid: 101,
};

describe("the Dockerfile of an environment", () => {
  it.each([
    ["minimal", {}],
    ["complete", complete],
    [
      "conda-lock",
      { condaLock: "@EXPLICIT\nhttps://conda.anaconda.org/conda-forge/noarch/a-1-0.conda#00\n" },
    ],
    ["pixi", { pixi: { manifest: "[workspace]\n", lock: "version: 6\n" }, pip: ["wheel"] }],
  ])("is as in its golden file: %s", async (name, environment) => {
    await expect(written(compile(environment))).toMatchFileSnapshot(`testdata/${name}.golden`);
  });

  it("is the same whatever the order of the packages, and with some of them twice", () => {
    const lists = fc.record({
      apt: fc.shuffledSubarray(["git", "curl", "g++"], { minLength: 3 }),
      pip: fc.shuffledSubarray(["pandas", "numpy==2", "scipy"], { minLength: 3 }),
    });
    const expected = written(compile({ apt: ["git", "curl", "g++"], pip: ["pandas", "numpy==2", "scipy"] }));
    fc.assert(
      fc.property(lists, ({ apt, pip }) => {
        expect(written(compile({ apt: [...apt, "git"], pip: [...pip, "scipy"] }))).toBe(expected);
      }),
    );
  });

  it("names the images whose programs it uses", () => {
    expect(parseDockerfile(compile(complete).dockerfile).bases.map(({ name }) => name)).toEqual([
      base,
      installers.micromamba,
    ]);
  });

  it("holds nothing of what an author may write freely", () => {
    const canary = "canary'\"; $(touch /tmp/x) `id`\nFROM evil\nRUN evil";
    const { dockerfile, files } = compile({
      condaLock: canary,
      postBuild: canary,
      pip: ["a @ https://x.example/a;'$\"".replace("$", "")],
    });
    expect(dockerfile).not.toContain("canary");
    expect(dockerfile).not.toContain("x.example");
    expect(files.filter(({ content }) => content === canary)).toHaveLength(2);
  });

  it.each<[string, Partial<EnvironmentSource>]>([
    ["apt[0]", { apt: ["git; rm -rf /"] }],
    ["apt[1]", { apt: ["git", "curl\nRUN evil"] }],
    ["apt[0]", { apt: ["$(id)"] }],
    ["apt[0]", { apt: ["-o=Dpkg::Options::=--force-all"] }],
    ["apt[0]", { apt: ["git-"] }],
    ["apt[0]", { apt: ["../git.deb"] }],
    ["apt[0]", { apt: ["GIT"] }],
    ["pip[0]", { pip: ["--index-url=https://evil.example"] }],
    ["pip[0]", { pip: ["a --global-option=x"] }],
    ["pip[0]", { pip: ["a\n--index-url https://evil.example"] }],
    ["pip[0]", { pip: ["a==${HOME}"] }],
    ["pip[0]", { pip: ["a \\"] }],
    ["pip[0]", { pip: ["./a"] }],
    ["pip[0]", { pip: [""] }],
    ["conda.packages[0]", { conda: { channels: [], packages: ["a\nb"] } }],
    ["uid", { uid: 0 }],
    ["gid", { gid: 1.5 }],
  ])("is refused for the sake of %s: %j", (path, environment) => {
    expect(() => compile(environment)).toThrow(EnvironmentError);
    expect(() => compile(environment)).toThrow(`spec.source.environment.${path}`);
  });

  it("is refused when its base is no image", () => {
    const evil = "python\nRUN evil";
    expect(() => compileEnvironment({ base: evil }, { base: evil, installers })).toThrow(EnvironmentError);
  });

  it("has as many instructions as it should, whatever the packages are called", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 });
    const packages = fc.array(fc.oneof(fc.constantFrom("git", "numpy"), text), { maxLength: 2 });
    const postBuild = fc.option(text, { nil: undefined });
    const anything = fc.record({ apt: packages, pip: packages, postBuild });
    fc.assert(
      fc.property(anything, (environment) => {
        let context: BuildContext;
        try {
          context = compile(environment);
        } catch (error) {
          return error instanceof EnvironmentError;
        }
        const { apt, pip, postBuild } = environment;
        const steps = [apt.length > 0, pip.length > 0, postBuild !== undefined].filter(Boolean).length;
        const instructions = context.dockerfile.split("\n").filter((line) => /^[A-Z]/.test(line));
        return instructions.length === 4 + steps;
      }),
      { numRuns: 200 },
    );
  });
});
