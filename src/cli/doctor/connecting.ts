import { MCPAuthenticationError, MCPError, MCPTimeoutError } from '../../errors.js';
import { StdioTransport } from '../../transports/stdio/stdio-transport.js';
import type { MCPTransport } from '../../transports/transport.js';
import { causeWith, describeExit, describeFailure, errorLine, fixFor, lastLines } from './failures.js';
import type { Limits } from './limits.js';
import type { Observation } from './observation.js';
import { checkSignIn } from './sign-in.js';
import type { Finding } from './report.js';

/** What is known when `connect()` has failed. */
export interface FailedConnect {
  /** What the user calls the server. */
  readonly label: string;
  readonly error: unknown;
  readonly transport: MCPTransport;
  readonly observation: Observation;
  readonly limits: Limits;
  readonly signal: AbortSignal;
}

/** Failures before there is a response of an MCP server. */
const ACCESS: ReadonlySet<string> = new Set(['MCP_TRANSPORT_FAILED', 'MCP_REDIRECT_REFUSED']);

/** Assigns the failure of `connect()` to the checks that it concerns. */
export async function findingsOfFailedConnect(failed: FailedConnect): Promise<Finding[]> {
  const { error, transport, observation } = failed;
  if (!MCPError.isInstance(error)) return [protocolFailed(error)];
  if (transport instanceof StdioTransport) {
    const noise = noiseFinding(observation);
    return [...startFailed(error, failed), ...(noise === undefined ? [] : [noise])];
  }
  const { code, message } = error;
  if (MCPAuthenticationError.isInstance(error)) return [await checkSignIn(failed, error)];
  if (ACCESS.has(code)) return [{ check: 'access', status: 'failed', message, fix: fixFor(error) }];
  if (code === 'MCP_HTTP_STATUS') return [accessRefused(error)];
  return [protocolFailed(error)];
}

/** The finding about a process that has written something. */
export function startedFinding({ firstByte }: Observation): Finding {
  return { check: 'start', status: 'ok', message: `first output after ${firstByte ?? 0} ms`, data: { firstByte } };
}

function startFailed(error: MCPError, { observation, limits }: FailedConnect): Finding[] {
  const { details } = error;
  const hint = fixFor(error);
  const { firstByte } = observation;
  const stderr = lastLines(details.stderr).map((line) => `stderr: ${line}`);
  if (error.code === 'MCP_SPAWN_FAILED') {
    return [{ check: 'command', status: 'failed', message: error.message, fix: hint }];
  }
  const exited = causeWith(error, ['MCP_PROCESS_EXITED']);
  if (exited !== undefined) {
    const lines = lastLines(exited.details.stderr).map((line) => `stderr: ${line}`);
    const { exitCode, signal } = exited.details;
    const data = { exitCode, signal, firstByte };
    return [{ check: 'start', status: 'failed', message: describeExit(exited), fix: hint, details: lines, data }];
  }
  if (!MCPTimeoutError.isInstance(error)) {
    const check = firstByte === undefined ? 'start' : 'protocol';
    return [{ check, status: 'failed', message: error.message, fix: hint, details: stderr }];
  }
  const longer = 'A server that starts slowly gets more time with --timeout 60s.';
  const known = hint?.replace(/ (?:If it starts slowly, raise|, or raise) --timeout\./, '');
  const fix = known === undefined ? longer : `${known} ${longer}`;
  if (firstByte === undefined) {
    const last = errorLine(details.stderr);
    const seconds = seconds1(limits.connect);
    const message = `still starting after ${seconds} s: nothing on stdout${last === undefined ? '' : `, and on stderr: ${last}`}`;
    return [{ check: 'start', status: 'failed', message, fix, details: stderr }];
  }
  const message = `no response to the negotiation within ${seconds1(limits.connect)} s`;
  return [startedFinding(observation), { check: 'protocol', status: 'failed', message, fix, details: stderr }];
}

/** Nothing but messages on stdout. */
export const CLEAN: Finding = { check: 'stdout', status: 'ok', message: 'only messages', data: { noise: 0 } };

/** The finding about text on stdout that is not JSON; undefined if there is none. */
export function noiseFinding({ noise, noisy }: Observation): Finding | undefined {
  const [first] = noise;
  if (first === undefined) return undefined;
  return {
    check: 'stdout',
    status: 'failed',
    message: `line ${first.line} of stdout is not JSON: ${first.text}`,
    fix: 'Log to stderr. Many clients end the connection at such a line.',
    details: noise.slice(1, 5).map(({ line, text }) => `line ${line}: ${text}`),
    data: { noise: noisy },
  };
}

function accessRefused(error: MCPError): Finding {
  const { status, contentType } = error.details;
  const isPage = typeof contentType === 'string' && contentType.startsWith('text/html');
  return {
    check: 'access',
    status: 'failed',
    message: `${error.message}${isPage ? ' (a web page)' : ''}`,
    fix: fixFor(error),
    data: { status, contentType },
  };
}

function protocolFailed(error: unknown): Finding {
  const fix = fixFor(error);
  return { check: 'protocol', status: 'failed', message: describeFailure(error), fix };
}

function seconds1(time: number): string {
  return String(Math.round(time / 100) / 10);
}
