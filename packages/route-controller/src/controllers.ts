import type { Controller } from "@datalayer/shared/controller/controller";

/** All that runs while this process leads. */
export function createControllers(): Controller[] {
  return [];
}
