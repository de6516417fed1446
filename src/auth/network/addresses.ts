import { BlockList, isIP } from 'node:net';

/** Networks of IPv4 that are not public: private, shared, loopback, link-local, reserved, documentation, multicast. RFC 6890. */
const RESERVED_4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/** Networks of IPv6 with public addresses: global unicast, and addresses of IPv4 that are mapped or translated. All others are reserved. */
const PUBLIC_6 = [
  ['2000::', 3],
  ['64:ff9b::', 96],
  ['::ffff:0:0', 96],
] as const;

/** Parts of these that are not public, among them 6to4 and Teredo, which contain addresses of IPv4. RFC 6890. */
const RESERVED_6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const reserved = new BlockList();
const public6 = new BlockList();
const loopback = new BlockList();
for (const [network, prefix] of RESERVED_4) {
  // It also matches the addresses of IPv6 that are mapped to these (`::ffff:10.0.0.1`), but not those of NAT64. RFC 6052.
  reserved.addSubnet(network, prefix, 'ipv4');
  reserved.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of RESERVED_6) reserved.addSubnet(network, prefix, 'ipv6');
for (const [network, prefix] of PUBLIC_6) public6.addSubnet(network, prefix, 'ipv6');
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** The address in the host of a URL, without the brackets of IPv6; undefined for a name. `URL` has decoded octal and hexadecimal forms. */
export function literalAddress({ hostname }: URL): string | undefined {
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 ? undefined : address;
}

/** Whether an address is public. Anything that is not an address is not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  // An address with a zone is link-local.
  if (family === 0 || address.includes('%') || isIn(reserved, address)) return false;
  return family === 4 || isIn(public6, address);
}

export function isLoopbackAddress(address: string): boolean {
  return isIn(loopback, address);
}

/** Whether the host of a URL is this machine, by its address or by the reserved name `localhost`. RFC 6761, 6.3. */
export function isLoopback(url: URL): boolean {
  const address = literalAddress(url);
  if (address !== undefined) return isLoopbackAddress(address);
  const name = url.hostname.replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost');
}

/**
 * Whether the host of a URL is not public, as far as the URL itself shows it. The addresses of other names do not count: their owner may change
 * them at any time.
 */
export function isPrivateHost(url: URL): boolean {
  const address = literalAddress(url);
  return address === undefined ? isLoopback(url) : !isPublicAddress(address);
}
