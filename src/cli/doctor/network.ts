import { lookup } from 'node:dns/promises';
import net from 'node:net';
import tls from 'node:tls';

import { hintFor } from '../../diagnostics/explain.js';
import { inFlags } from '../output/library-hints.js';
import { within } from './limits.js';
import type { Limits } from './limits.js';
import type { Finding } from './report.js';

/** The result of a step, or why it failed. */
type Step<Value> = { readonly value: Value; readonly took: number } | { readonly reason: string };

/** The most certificates of a chain that are shown. */
const LONGEST_CHAIN = 10;

/** Checks the way to a URL: its name, the port, the certificate. Sends nothing over the connection. */
export async function checkNetwork(
  url: URL,
  env: Readonly<Record<string, string | undefined>>,
  limits: Limits,
): Promise<Finding> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const secure = url.protocol === 'https:' || url.protocol === 'wss:';
  const port = Number(url.port) || (secure ? 443 : 80);
  const details: string[] = [];
  const proxy = proxyIn(env, secure);
  if (proxy !== undefined) details.push(`${proxy} is set, but mcp-actors connects directly`);
  const failed = (what: string, reason: string): Finding => ({
    check: 'network',
    status: 'failed',
    message: `${what} (${reason})`,
    fix: fixOf(what, reason),
    details,
    data: { reason },
  });

  const addresses = await step(limits, () => lookup(host, { all: true }), 'EAI_AGAIN');
  if ('reason' in addresses) return failed(`the name ${host} has no address`, addresses.reason);
  const shown = addresses.value.map(({ address }) => address);
  if (net.isIP(host) === 0) details.unshift(`${host} is ${shown.slice(0, 4).join(', ')}`);

  const tcp = await step(limits, (signal) => connectTcp(host, port, signal), 'ETIMEDOUT');
  if ('reason' in tcp) return failed(`cannot connect to ${host}, port ${port}`, tcp.reason);
  const message = `${host}, port ${port}, connected in ${tcp.took} ms`;
  if (!secure) return { check: 'network', status: 'ok', message, details, data: { addresses: shown, tcp: tcp.took } };

  const handshake = await step(limits, (signal) => connectTls(host, port, signal), 'ETIMEDOUT');
  if ('reason' in handshake) return failed(`the TLS handshake with ${host}, port ${port}, failed`, handshake.reason);
  const { refusal, chain, validTo } = handshake.value;
  details.push(...chain.map((one, at) => `certificate ${at + 1}: ${one}`));
  if (refusal !== undefined) return failed(`the certificate of ${host} is not accepted`, refusal);
  return {
    check: 'network',
    status: 'ok',
    message: `${message}; certificate valid until ${validTo}`,
    details,
    data: { addresses: shown, tcp: tcp.took, tls: handshake.took, validTo },
  };
}

function fixOf(message: string, reason: string): string | undefined {
  const hint = hintFor({ code: 'MCP_TRANSPORT_FAILED', message, details: { reason } });
  return hint === undefined ? undefined : inFlags(hint);
}

/** Makes a step within its limit. @param late the reason if the limit passes */
async function step<Value>(
  limits: Limits,
  work: (signal: AbortSignal) => Promise<Value>,
  late: string,
): Promise<Step<Value>> {
  const controller = new AbortController();
  const startedAt = performance.now();
  try {
    const done = await within(
      limits.network,
      work(controller.signal).then((value) => ({ value })),
    );
    if (done === undefined) return { reason: late };
    return { ...done, took: Math.round(performance.now() - startedAt) };
  } catch (thrown) {
    return { reason: reasonOf(thrown) };
  } finally {
    controller.abort();
  }
}

function reasonOf(thrown: unknown): string {
  const [first] = thrown instanceof AggregateError ? (thrown.errors as unknown[]) : [];
  const { code, message } = (first ?? thrown) as NodeJS.ErrnoException;
  return code ?? message;
}

/** Opens a connection and closes it. */
async function connectTcp(host: string, port: number, signal: AbortSignal): Promise<void> {
  const socket = net.connect({ host, port, autoSelectFamily: true });
  await settled(socket, 'connect', signal);
}

interface Certificates {
  /** Why the certificate is not accepted, as a code of Node. */
  readonly refusal: string | undefined;
  /** From the server to the authority. */
  readonly chain: readonly string[];
  readonly validTo: string;
}

async function connectTls(host: string, port: number, signal: AbortSignal): Promise<Certificates> {
  const isName = net.isIP(host) === 0;
  // A certificate that is not accepted is shown as well, so it must not end the handshake. Nothing is sent.
  const socket = tls.connect({ host, port, ...(isName && { servername: host }), rejectUnauthorized: false });
  let found: Certificates | undefined;
  socket.once('secureConnect', () => {
    found = certificatesOf(socket, host);
  });
  await settled(socket, 'secureConnect', signal);
  return found ?? { refusal: undefined, chain: [], validTo: '' };
}

function certificatesOf(socket: tls.TLSSocket, host: string): Certificates {
  const chain: string[] = [];
  const leaf = socket.getPeerCertificate(true);
  let current: tls.DetailedPeerCertificate = leaf;
  while (chain.length < LONGEST_CHAIN && Object.keys(current).length > 0) {
    chain.push(`${nameOf(current.subject)}, issued by ${nameOf(current.issuer)}, until ${current.valid_to}`);
    const { issuerCertificate: next } = current as Partial<tls.DetailedPeerCertificate>;
    // The authority at the end has issued its own certificate.
    if (next === undefined || next === current || next.fingerprint256 === current.fingerprint256) break;
    current = next;
  }
  const error = socket.authorizationError as unknown;
  const wrongHost = Object.keys(leaf).length === 0 ? undefined : tls.checkServerIdentity(host, leaf);
  const refusal = socket.authorized ? (wrongHost as NodeJS.ErrnoException | undefined)?.code : textOf(error);
  return { refusal, chain, validTo: leaf.valid_to };
}

function textOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

function nameOf(name: tls.Certificate | undefined): string {
  return [name?.CN ?? name?.O ?? 'an unnamed party'].flat().join(', ');
}

/** Resolves at an event of a socket, and destroys the socket. */
function settled(socket: net.Socket, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.destroy();
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.on('error', (error) => {
      stop();
      reject(error);
    });
    socket.once(event, () => {
      // After the other listeners of this event.
      setImmediate(stop);
      resolve();
    });
  });
}

/** The variable that names a proxy for the URL. Its value may contain a password, so only the name is shown. */
function proxyIn(env: Readonly<Record<string, string | undefined>>, secure: boolean): string | undefined {
  const names = secure
    ? ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']
    : ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
  return names.find((name) => env[name] !== undefined && env[name] !== '');
}
