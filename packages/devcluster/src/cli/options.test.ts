import { Command } from "commander";
import { expect, it } from "vitest";
import { addClusterOptions, clusterOptions, type ClusterFlags } from "./options.ts";

function parse(...args: string[]) {
  const command = addClusterOptions(
    new Command().exitOverride().configureOutput({ writeErr: () => undefined }),
  );
  return clusterOptions(command.parse(args, { from: "user" }).opts<ClusterFlags>());
}

it("takes sets of images by commas", () => {
  expect(parse("--images", "builds,controllers").images).toEqual(["builds", "controllers"]);
  expect(parse().images).toBeUndefined();
});

it("refuses a set of images that does not exist, and names those that do", () => {
  expect(() => parse("--images", "builds,toys")).toThrow(
    '"toys" is no set of images; there are: builds, controllers.',
  );
});
