import { describe, expect, it } from "vitest";
import { parseExposition, sumOf } from "./exposition.ts";

const text = `# HELP rest_client_requests_total Number of HTTP requests.
# TYPE rest_client_requests_total counter
rest_client_requests_total{code="200",method="PATCH",host="127.0.0.1:6443"} 41
rest_client_requests_total{code="422",method="PATCH",host="127.0.0.1:6443"} 1
rest_client_requests_total{code="201",method="POST",host="127.0.0.1:6443"} 7
process_resident_memory_bytes 1.5e+08
`;

describe("the metrics of a process", () => {
  const samples = parseExposition(text);

  it("are read with their labels", () => {
    expect(samples[0]).toEqual({
      name: "rest_client_requests_total",
      labels: { code: "200", method: "PATCH", host: "127.0.0.1:6443" },
      value: 41,
    });
  });

  it("are read without labels, and in scientific notation", () => {
    expect(sumOf(samples, "process_resident_memory_bytes")).toBe(150_000_000);
  });

  it("are summed over the labels that are not named", () => {
    expect(sumOf(samples, "rest_client_requests_total", { method: "PATCH" })).toBe(42);
    expect(sumOf(samples, "rest_client_requests_total")).toBe(49);
    expect(sumOf(samples, "nothing")).toBe(0);
  });
});
