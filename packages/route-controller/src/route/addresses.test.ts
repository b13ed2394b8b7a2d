import { describe, expect, it } from "vitest";
import { addressFault, isClusterInternal, urlFault } from "./addresses.ts";

const apiServers = new Set(["10.96.0.1", "fd00::1"]);

describe("an address", () => {
  it.each(["10.0.0.1", "192.0.2.7", "100.64.0.1", "2001:db8::1", "::ffff:10.0.0.1", "64:ff9b::808:808"])(
    "%s may be asked",
    (one) => {
      expect(addressFault(one, apiServers)).toBeUndefined();
    },
  );

  it.each([
    ["127.0.0.1", "loopback"],
    ["127.255.0.9", "loopback"],
    ["0.0.0.0", "loopback"],
    ["169.254.169.254", "link-local"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "reserved"],
    ["::1", "loopback"],
    ["::", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:a9fe:a9fe", "link-local"],
    ["64:ff9b::7f00:1", "reserved"],
    ["fe80::1", "link-local"],
    ["ff02::1", "multicast"],
    ["fd00:ec2::254", "link-local"],
    ["10.96.0.1", "API server"],
    ["fd00::1", "API server"],
    ["fd00:0:0::1", "API server"],
    ["::ffff:a60:1", "API server"],
    ["100.100.100.200", "reserved"],
    ["192.0.0.192", "reserved"],
    ["::ffff:100.100.100.200", "reserved"],
    ["64:ff9b::a9fe:a9fe", "link-local"],
    ["", "not an IP address"],
    ["app.test", "not an IP address"],
  ])("%s may not", (one, why) => {
    expect(addressFault(one, apiServers)).toContain(why);
  });
});

describe("a URL that a Route gives", () => {
  const faultOf = (url: string) => urlFault(url, { namespace: "team-a", apiServers });

  it.each([
    "https://login.example.com/keys",
    "http://auth.team-a.svc:8080/check",
    "http://auth.team-a.svc.cluster.local",
    "http://auth.team-a.svc.corp.test",
    "https://id.example.dev/keys",
    "https://id.xn--bcher-kva/keys",
    "http://10.1.2.3:8080",
  ])("%s may be asked", (url) => {
    expect(faultOf(url)).toBeUndefined();
  });

  it.each([
    ["http://auth.team-b.svc/check", "is in namespace team-b, and the Route in team-a"],
    ["http://auth.team-b.svc.cluster.local.", "is in namespace team-b"],
    ["http://auth.team-b.svc.corp.test", "is in namespace team-b"],
    ["http://pod-0.auth.team-b.svc.cluster.local", "is in namespace team-b"],
    ["http://auth.team-a.svc.svc.cluster.local", "is in namespace svc"],
    ["http://auth.team-b", "is a name inside the cluster"],
    ["http://pod-0.auth.team-b/check", "is a name inside the cluster"],
    ["http://auth.team-a", "expected that of a Service of the namespace, such as http://name.team-a.svc"],
    ["http://10-1-2-3.team-b.pod", "is a name inside the cluster"],
    ["http://localhost:8080", "is a name inside the cluster"],
    ["http://a.localhost", "is a name inside the cluster"],
    ["http://kubernetes", "is a name inside the cluster"],
    ["https://kubernetes.default.svc", "is in namespace default"],
    ["http://metadata.google.internal", "is a name inside the cluster"],
    ["http://127.1/api", "loopback"],
    ["http://0x7f000001", "loopback"],
    ["http://2130706433", "loopback"],
    ["http://[::1]:8080", "loopback"],
    ["http://[::ffff:169.254.169.254]", "link-local"],
    ["https://10.96.0.1/api", "API server"],
    ["https://[::ffff:10.96.0.1]/api", "API server"],
    ["not a url", "is not a URL"],
  ])("%s may not", (url, why) => {
    expect(faultOf(url)).toContain(why);
  });
});

it.each([
  ["app.example.com", false],
  ["svc.example.com", false],
  ["app.team.svc", true],
  ["app.team.svc.cluster.local", true],
  ["1.0.0.10.in-addr.arpa", true],
])("%s is a name inside the cluster: %s", (host, expected) => {
  expect(isClusterInternal(host)).toBe(expected);
});
