import type { Pod } from "@datalayer/shared/kube/kinds";
import { expect, it } from "vitest";
import { Stock } from "./stock.ts";

it("knows the fewest runtimes that were available at a time", () => {
  const stock = new Stock();
  for (const uid of ["a", "b", "c"]) stock.observe(pod(uid, "available"), false);
  stock.observe(pod("d", "pending"), false);
  stock.observe(pod("a", "assigned"), false);
  stock.observe(
    { ...pod("b", "available"), metadata: { ...pod("b", "available").metadata, deletionTimestamp: "now" } },
    false,
  );
  stock.observe(pod("b", "available"), true);
  stock.observe(pod("d", "available"), false);
  expect(stock.takeLowest()).toBe(1);
  expect(stock.takeLowest()).toBe(2);
});

function pod(uid: string, state: string): Pod {
  const labels = { "runtime-pools.datalayer.io/pod-status": state };
  const metadata = { name: uid, uid, resourceVersion: "1", creationTimestamp: "", labels };
  return { apiVersion: "v1", kind: "Pod", metadata };
}
