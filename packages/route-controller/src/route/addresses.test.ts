import { describe, expect, it } from "vitest";
import { addressFault, clusterAddresses, isClusterInternal, serviceNameIn, urlFault } from "./addresses.ts";

const metadata = { name: "kubernetes", uid: "u", resourceVersion: "1", creationTimestamp: "" };
const kube = { apiVersion: "v1", metadata };
const cluster = clusterAddresses({
  services: [{ ...kube, kind: "Service", spec: { clusterIPs: ["10.96.0.1", "fd00::1"] } }],
  slices: [{ ...kube, kind: "EndpointSlice", addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.9"] }] }],
  ranges: [{ ...kube, kind: "ServiceCIDR", spec: { cidrs: ["10.96.0.0/16", "fd00:96::/112"] } }],
});

describe("an address", () => {
  it.each(["10.0.0.1", "192.0.2.7", "100.64.0.1", "2001:db8::1", "::ffff:10.0.0.1", "64:ff9b::808:808"])(
    "%s may be asked",
    (one) => {
      expect(addressFault(one, cluster)).toBeUndefined();
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
    ["10.0.0.9", "API server"],
    ["10.96.12.34", "range of addresses of Services, of whatever namespace"],
    ["::ffff:10.96.12.34", "range of addresses of Services"],
    ["fd00:96::7", "range of addresses of Services"],
    ["100.100.100.200", "reserved"],
    ["192.0.0.192", "reserved"],
    ["::ffff:100.100.100.200", "reserved"],
    ["64:ff9b::a9fe:a9fe", "link-local"],
    ["", "not an IP address"],
    ["app.test", "not an IP address"],
  ])("%s may not", (one, why) => {
    expect(addressFault(one, cluster)).toContain(why);
  });
});

describe("a URL that a Route gives", () => {
  const faultOf = (url: string) => urlFault(url, { namespace: "team-a", cluster });

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
    [
      "http://10.96.12.34/keys",
      "addresses of Services, of whatever namespace; expected a name, such as http://name.team-a.svc",
    ],
    ["http://0x0a600c22", "addresses of Services"],
    ["http://174066722", "addresses of Services"],
    ["http://[fd00:96::7]:8080", "addresses of Services"],
    ["https://10.96.0.1/api", "API server"],
    ["https://[::ffff:10.96.0.1]/api", "API server"],
    ["not a url", "is not a URL"],
  ])("%s may not", (url, why) => {
    expect(faultOf(url)).toContain(why);
  });

  it("may be any address that nothing is known of", () => {
    const nothing = clusterAddresses();
    expect(urlFault("http://10.96.12.34", { namespace: "team-a", cluster: nothing })).toBeUndefined();
  });
});

it.each([
  ["auth.team-a.svc", "auth.team-a.svc"],
  ["auth.team-a.svc.", "auth.team-a.svc"],
  ["auth.team-a.svc.cluster.local", "auth.team-a.svc"],
  ["auth.team-a.svc.evil.test", "auth.team-a.svc"],
  ["pod-0.auth.team-a.svc.cluster.local", undefined],
  ["auth.team-a", undefined],
  ["svc.example.com", undefined],
])("%s is the name of the Service %s", (host, expected) => {
  expect(serviceNameIn(host)).toBe(expected);
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
