import { defineConfig, type ViteUserConfig } from "vitest/config";
import type { NodeKind } from "../cluster/cluster.ts";

/** How one suite of tests differs from the others. */
export interface SuiteOptions {
  include: string[];
  /** What runs the Pods of the cluster that the suite shares; left out, the suite starts no cluster. */
  nodes?: Exclude<NodeKind, "real">;
  /**
   * Whether the suite has a cluster to itself also where others share one: for tests that install what a cluster has
   * once, and that mind what other suites leave. Default: false.
   */
  ownCluster?: boolean;
  /** Name of the report in `reports/`. Default: `test`. */
  report?: string;
  /** Milliseconds for one test. Tests wait for conditions; this only ends one that waits in vain. Default: 60 s. */
  testTimeoutMs?: number;
  /** Whether files may run at the same time. Default: true. */
  fileParallelism?: boolean;
}

// The first start on a machine builds what is not in the cache.
const hookTimeoutMs = 30 * 60_000;

/** The Vitest configuration of a suite: a cluster for all its files, and a report that `npm test` counts. */
export function suite(options: SuiteOptions): ViteUserConfig {
  const { include, nodes, ownCluster = false, report = "test" } = options;
  const { testTimeoutMs = 60_000, fileParallelism = true } = options;
  return defineConfig({
    test: {
      include,
      fileParallelism,
      // Most of the time tests wait for the cluster: also on two cores, two files run at the same time.
      ...(fileParallelism && { maxWorkers: 2 }),
      ...(nodes && {
        globalSetup: ["@datalayer/devcluster/testkit/global-setup"],
        provide: { devclusterNodes: nodes, devclusterOwn: ownCluster },
      }),
      reporters: ["default", "json"],
      outputFile: { json: `reports/${report}.json` },
      testTimeout: testTimeoutMs,
      hookTimeout: hookTimeoutMs,
      expect: { poll: { timeout: 20_000 } },
    },
  });
}
