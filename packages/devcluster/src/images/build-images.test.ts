import { expect, it } from "vitest";
import { builderImage } from "./build-images.ts";
import { buildkitVersion } from "./buildkit.ts";

it("names the builder image by the BuildKit in it", async () => {
  expect(builderImage).toBe(`registry.localhost/datalayer/buildkit:${(await buildkitVersion()).slice(1)}`);
});
