import { MCPClient } from '../../api/client.js';
import type { MCPClientOptions } from '../../api/options/options.js';
import type { SuspendedClient } from '../../api/suspended-client.js';
import { HttpTransport } from '../../transports/http/http-transport.js';
import { StdioTransport } from '../../transports/stdio/stdio-transport.js';
import type { MCPTransport } from '../../transports/transport.js';
import { PACKAGE } from '../../util/package.js';
import type { CommandContext } from '../command-context.js';
import type { Target } from '../target.js';
import type { ClientFlags } from '../with-client.js';
import { closeClient, closeFinding } from './closing.js';
import { checkCommand } from './command.js';
import { checkEntry } from './entry.js';
import { CLEAN, findingsOfFailedConnect, noiseFinding, startedFinding } from './connecting.js';
import { describeFailure, fixFor } from './failures.js';
import { checkForgottenSession } from './forgotten-session.js';
import { limitsOf, within } from './limits.js';
import type { Limits } from './limits.js';
import { checkLists } from './lists.js';
import { checkNetwork } from './network.js';
import { Observation } from './observation.js';
import { checkPings } from './pings.js';
import { checkProtocol } from './protocol.js';
import { redirectOf } from './redirects.js';
import { Report } from './report.js';
import type { CheckName, Finding, ServerReport } from './report.js';
import { checkTools } from './tools.js';

/** How long the end of a server that did not start is awaited, in ms. */
const CLOSE_TIMEOUT = 2_000;

const SKIPPED = 'not checked: an earlier check failed';
const AFTER_CONNECT: readonly CheckName[] = ['protocol', 'lists', 'tools', 'pings', 'close'];
const OF_PROCESS: readonly CheckName[] = ['command', 'start', 'stdout', ...AFTER_CONNECT];
const OF_URL: readonly CheckName[] = ['network', 'access', ...AFTER_CONNECT];

/**
 * Makes all checks of a server. Never calls a tool. Rejects only when the user interrupts it; then nothing of the server is left.
 * @param added called for each finding, while others are checked
 */
export async function examine(
  target: Target,
  flags: ClientFlags,
  context: Pick<CommandContext, 'cwd' | 'env' | 'interrupt'>,
  added?: (finding: Finding) => void,
): Promise<ServerReport> {
  const report = new Report(added);
  const limits = limitsOf(flags);
  const { signal } = context.interrupt;
  const { entry } = target;
  const source = entry && { file: entry.source.file, line: entry.source.line };
  if (entry !== undefined) {
    const finding = await checkEntry(entry, limits);
    report.add(finding);
    if (finding.status === 'failed' || !entry.trusted) {
      report.skipRest(entry.transport === 'stdio' ? OF_PROCESS : OF_URL, SKIPPED);
      return report.end(target.label, source);
    }
  }
  let transport: MCPTransport;
  try {
    transport = await target.transport();
  } catch (error) {
    report.add(entryFailed(error));
    return report.end(target.label, source);
  }
  report.hide = transport.secrets.hide;
  const checks = transport instanceof StdioTransport ? OF_PROCESS : OF_URL;
  const reached = await checkWay(transport, report, context, limits);
  signal.throwIfAborted();
  if (reached) await checkServer(target, transport, report, clientOptions(target, flags, limits), limits, signal);
  signal.throwIfAborted();
  report.skipRest(checks, SKIPPED);
  return report.end(target.label, source);
}

/** Checks what can be checked before a connection. Returns whether it makes sense to connect. */
async function checkWay(
  transport: MCPTransport,
  report: Report,
  { cwd, env }: Pick<CommandContext, 'cwd' | 'env'>,
  limits: Limits,
): Promise<boolean> {
  const url = urlOf(transport);
  if (!(transport instanceof StdioTransport) && url === undefined) return true;
  const finding =
    transport instanceof StdioTransport
      ? await checkCommand(transport, cwd, limits)
      : await checkNetwork(url as URL, env, limits);
  report.add(finding);
  return finding.status !== 'failed';
}

async function checkServer(
  target: Target,
  transport: MCPTransport,
  report: Report,
  options: MCPClientOptions,
  limits: Limits,
  signal: AbortSignal,
): Promise<void> {
  const observation = new Observation();
  const inspect = { inspect: () => undefined, tap: observation.tap, redact: false };
  const client = new MCPClient(transport, { ...options, inspect });
  client.on('warning', observation.warned);
  try {
    await client.connect({ signal });
  } catch (error) {
    // A process that does not end is killed when this one exits.
    await within(CLOSE_TIMEOUT, client.close());
    signal.throwIfAborted();
    const failed = { label: target.label, error, transport, observation, limits, signal };
    for (const finding of await findingsOfFailedConnect(failed)) report.add(finding);
    return;
  }
  let suspended: SuspendedClient | undefined;
  try {
    const works = await checkSession(client, transport, observation, report, limits, signal);
    if (works && hasSessionId(transport)) suspended = await client.suspend();
  } finally {
    if (suspended === undefined) {
      const works = client.isConnected();
      const closing = await closeClient(client, transport);
      if (works && !signal.aborted) report.add(closeFinding(closing));
    }
  }
  if (suspended === undefined) return;
  report.add(await checkForgottenSession(target, suspended, options, limits, signal));
  report.add(await closeSession(target, suspended, options, signal));
}

/** Checks a connected server. Returns whether it works to the end. */
async function checkSession(
  client: MCPClient,
  transport: MCPTransport,
  observation: Observation,
  report: Report,
  limits: Limits,
  signal: AbortSignal,
): Promise<boolean> {
  const stdio = transport instanceof StdioTransport;
  if (stdio) report.add(startedFinding(observation));
  else report.add(await accessFinding(transport, limits));
  const noise = noiseFinding(observation);
  if (stdio) report.add(noise ?? CLEAN);
  report.add(await checkProtocol(client, observation));
  const { finding, tools } = await checkLists(client, observation, limits, signal);
  report.add(finding);
  if (finding.status === 'failed' && !client.isConnected()) return false;
  if (tools !== undefined) report.add(await checkTools(tools, observation));
  const pings = await checkPings(client, limits, signal);
  report.add(pings);
  // A server may also print something while it works.
  const later = noise === undefined && stdio ? noiseFinding(observation) : undefined;
  if (later !== undefined) report.add(later);
  return pings.status !== 'failed';
}

/** The finding about a URL at which requests are accepted. */
async function accessFinding(transport: MCPTransport, limits: Limits): Promise<Finding> {
  const message = 'the server accepts requests';
  const url = urlOf(transport);
  const target = url === undefined ? undefined : await redirectOf(url, limits);
  if (target === undefined) return { check: 'access', status: 'ok', message };
  return {
    check: 'access',
    status: 'warning',
    message: `${message}, but redirects each of them to ${target}`,
    fix: `Use ${target} as the URL: each request takes one round trip less.`,
    data: { redirect: target },
  };
}

function hasSessionId(transport: MCPTransport): boolean {
  return transport instanceof HttpTransport && transport.sessionId !== undefined;
}

/** Ends the session of the server, which was suspended while an unknown session was tried. */
async function closeSession(
  target: Target,
  suspended: SuspendedClient,
  options: MCPClientOptions,
  signal: AbortSignal,
): Promise<Finding> {
  const transport = await target.transport();
  const client = new MCPClient(transport, { ...options, resume: suspended });
  try {
    await client.connect({ signal });
  } catch (error) {
    await client.close();
    signal.throwIfAborted();
    return { check: 'close', status: 'warning', message: `the session could not be ended: ${describeFailure(error)}` };
  }
  return closeFinding(await closeClient(client, transport));
}

function clientOptions(target: Target, { era }: ClientFlags, { connect, request }: Limits): MCPClientOptions {
  return {
    clientInfo: { name: PACKAGE.name, version: PACKAGE.version },
    ...target.options,
    ...(era !== undefined && { era }),
    autoReconnect: false,
    connectTimeout: connect,
    timeout: request,
    // A legacy server may ignore `server/discover`; the rest of the time is for `initialize`.
    probeTimeout: Math.ceil(connect / 3),
  };
}

function urlOf(transport: MCPTransport): URL | undefined {
  const { url } = transport as { readonly url?: unknown };
  return typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
}

function entryFailed(error: unknown): Finding {
  return { check: 'entry', status: 'failed', message: describeFailure(error), fix: fixFor(error) };
}
