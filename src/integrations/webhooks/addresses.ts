import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A network: its first address and the number of leading bits. */
export type Network = readonly [Address, number];

/**
 * Reads a network in CIDR notation, or a single address.
 *
 * @returns null if it is neither
 */
export function parseNetwork(text: string): Network | null {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (!ipaddr.isValid(text)) return null;
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

/** All public unicast addresses of IPv6. IPv4-compatible addresses, for example `::7f00:1`, are not among them. */
const GLOBAL_UNICAST: Network = [ipaddr.parse("2000::"), 3];

/**
 * Why requests must not be sent to an address; null if they may. Allowed are public unicast addresses and those of
 * `networks`. Everything else is refused: loopback, private, link-local, carrier-grade NAT, multicast, unique-local and
 * reserved addresses, and those that contain an IPv4 address in IPv6 (mapped, NAT64, 6to4, Teredo).
 *
 * @param text an IPv4 or IPv6 address
 */
export function refuseAddress(text: string, networks: readonly Network[]): string | null {
  if (!ipaddr.isValid(text)) return `${text} is not an address`;
  const parsed = ipaddr.parse(text);
  if (networks.some((network) => isWithin(parsed, network))) return null;
  const range = parsed.range();
  if (range === "unicast" && (parsed instanceof ipaddr.IPv4 || isWithin(parsed, GLOBAL_UNICAST))) return null;
  // A mapped address reaches the IPv4 address inside: allowed if the administrator allowed that one.
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress()) {
    const inner = parsed.toIPv4Address();
    if (networks.some((network) => isWithin(inner, network))) return null;
  }
  return `${text} is not a public address (${range})`;
}

function isWithin(address: Address, [network, bits]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}
