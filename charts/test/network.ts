import { BlockList, isIP } from "node:net";
import type { Labels, NetworkPolicy, NetworkRule, Peer, Selector } from "./manifests.ts";

/** Somebody on the network: a Pod, or an address outside of the cluster. */
export interface Host {
  address: string;
  /** Absent outside of the cluster. */
  namespace?: string;
  labels?: Labels;
}

/** A connection that somebody opens. */
export interface Connection {
  from: Host;
  to: Host;
  port: number;
  protocol?: "TCP" | "UDP";
}

/** A rule without peers is about everybody. */
const all: Peer = {};

/** Whether policies let a connection through, as the Kubernetes API defines it: both ends have to agree. */
export function letsThrough(policies: readonly NetworkPolicy[], connection: Connection): boolean {
  const { from, to } = connection;
  return (
    agrees(policies, from, "Egress", (rule, own) =>
      allows(
        rule,
        connection,
        (rule.to ?? [all]).some((peer) => isPeer(peer, to, own)),
      ),
    ) &&
    agrees(policies, to, "Ingress", (rule, own) =>
      allows(
        rule,
        connection,
        (rule.from ?? [all]).some((peer) => isPeer(peer, from, own)),
      ),
    )
  );
}

/** Whoever is selected by no policy for a direction agrees to everything. */
function agrees(
  policies: readonly NetworkPolicy[],
  host: Host,
  direction: "Egress" | "Ingress",
  allowedBy: (rule: NetworkRule, own: string | undefined) => boolean,
): boolean {
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === host.namespace &&
      spec.policyTypes.includes(direction) &&
      selects(spec.podSelector, host.labels),
  );
  if (selecting.length === 0) return true;
  return selecting.some(({ metadata, spec }) =>
    (direction === "Egress" ? spec.egress : spec.ingress)?.some((rule) =>
      allowedBy(rule, metadata.namespace),
    ),
  );
}

function allows(
  { ports }: NetworkRule,
  { port, protocol = "TCP" }: Connection,
  isPeerOfRule: boolean,
): boolean {
  return isPeerOfRule && (!ports || ports.some((one) => one.port === port && one.protocol === protocol));
}

/** @param own - the namespace of the policy, which a peer without namespaceSelector is in. */
function isPeer(peer: Peer, host: Host, own: string | undefined): boolean {
  if (peer === all) return true;
  if (peer.ipBlock) return isWithin(host.address, peer.ipBlock);
  if (host.namespace === undefined) return false;
  const { namespaceSelector = { matchLabels: nameLabel(own ?? "") } } = peer;
  return (
    selects(namespaceSelector, nameLabel(host.namespace)) && selects(peer.podSelector ?? {}, host.labels)
  );
}

const nameLabel = (namespace: string): Labels => ({ "kubernetes.io/metadata.name": namespace });

function isWithin(address: string, { cidr, except = [] }: NonNullable<Peer["ipBlock"]>): boolean {
  return inNetwork(address, cidr) && !except.some((network) => inNetwork(address, network));
}

function inNetwork(address: string, cidr: string): boolean {
  const [network = "", prefix] = cidr.split("/");
  const family = isIP(network) === 6 ? "ipv6" : "ipv4";
  if (isIP(address) !== isIP(network)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family);
  return list.check(address, family);
}

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels = {}): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const isOne = values.includes(labels[key] ?? "");
      if (operator === "In") return isOne;
      if (operator === "NotIn") return !isOne;
      throw new Error(`operator ${operator} is not one that the charts use`);
    })
  );
}
