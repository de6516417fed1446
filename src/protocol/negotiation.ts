import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { ErrorCode, rpcFailure } from './messages/json-rpc.js';
import type { JSONRPCErrorObject } from './messages/json-rpc.js';
import { checkDiscoverResult, checkInitializeResult } from './checks/result-checks.js';
import { invalidResult, methodEntry, unfinishedFailure } from './methods.js';
import { eraOf, LATEST_LEGACY, LEGACY_REVISIONS, MODERN_REVISIONS, newestShared } from './revisions.js';
import type { Era, MCPProtocolVersion } from './revisions.js';
import type { DiscoverResult, InitializeResult } from './schema/index.js';
import type { Session } from './session.js';

/** The era or revision to use: `auto` to detect it, or a fixed one. */
export type EraChoice = 'auto' | Era | MCPProtocolVersion;

/** The revisions that negotiation may end with, oldest first in each list. An empty list closes that era. */
export interface Acceptable {
  readonly modern: readonly MCPProtocolVersion[];
  readonly legacy: readonly MCPProtocolVersion[];
}

/** The revisions that a choice allows. */
export function acceptable(choice: EraChoice): Acceptable {
  if (choice === 'auto') return { modern: MODERN_REVISIONS, legacy: LEGACY_REVISIONS };
  if (choice === 'modern') return { modern: MODERN_REVISIONS, legacy: [] };
  if (choice === 'legacy') return { modern: [], legacy: LEGACY_REVISIONS };
  return eraOf(choice) === 'modern' ? { modern: [choice], legacy: [] } : { modern: [], legacy: [choice] };
}

/** The reaction of the server to a negotiation request. */
export type Answer =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly error: JSONRPCErrorObject }
  /** A reaction outside of JSON-RPC, such as an HTTP status. */
  | { readonly kind: 'unusable'; readonly failure: Failure };

/** A result as an answer. */
export function resultAnswer(result: unknown): Answer {
  return { kind: 'result', result };
}

/** HTTP statuses that do not depend on the era of a server: authentication and rate limits. */
const NO_EVIDENCE: ReadonlySet<number> = new Set([401, 403, 407, 408, 425, 429]);

/**
 * The reaction of the server in a failed negotiation request, or undefined for an outage, which is no evidence about the era. Any other HTTP
 * client error is evidence, and so is a success with an invalid response. 2026-07-28 basic/versioning,
 * "Compatibility Matrix".
 */
export function answerOf(failure: Failure | undefined): Answer | undefined {
  if (failure === undefined) return undefined;
  const { code, errorCode = 0, details } = failure;
  if (code === 'MCP_RPC_ERROR') {
    return { kind: 'error', error: { code: errorCode, message: String(details?.reason), data: details?.data } };
  }
  if (code === 'MCP_INVALID_MESSAGE' || code === 'MCP_INVALID_JSON') return { kind: 'unusable', failure };
  return saysSomething(details?.status) ? { kind: 'unusable', failure } : undefined;
}

function saysSomething(status: unknown): boolean {
  if (typeof status !== 'number' || NO_EVIDENCE.has(status)) return false;
  return (status >= 200 && status <= 299) || (status >= 400 && status <= 499);
}

/**
 * Whether an error shows that the server is modern. The code alone is not enough, because other servers may use it. 2026-07-28 basic/index, "Error
 * codes".
 */
export function isModernError({ code, data }: JSONRPCErrorObject): boolean {
  const details = isObject(data) ? data : {};
  if (code === ErrorCode.UnsupportedProtocolVersion) return Array.isArray(details.supported);
  if (code === ErrorCode.MissingRequiredClientCapability) return isObject(details.requiredCapabilities);
  return code === ErrorCode.HeaderMismatch;
}

/** The next step of the negotiation. */
export type Verdict =
  | { readonly verdict: 'session'; readonly session: Session }
  | { readonly verdict: 'ask-again'; readonly version: MCPProtocolVersion }
  | {
      readonly verdict: 'handshake';
      readonly version: MCPProtocolVersion;
      /** The problem of a response that is almost a modern one. */
      readonly doubt?: Failure;
    }
  | { readonly verdict: 'incompatible'; readonly failure: Failure };

/** A negotiation request: its revision, and whether the server had suggested that revision. */
export interface NegotiationRequest {
  readonly acceptable: Acceptable;
  readonly version: MCPProtocolVersion;
  readonly corrected: boolean;
  /** The reason for the handshake although the server may be modern. */
  readonly doubt?: Failure | undefined;
}

/**
 * Interprets the response to `server/discover`. A valid result, or a recognised modern error, means a modern server. After any other response
 * the handshake decides. 2026-07-28 basic/versioning, basic/transports/stdio.
 */
export function judgeDiscovery(answer: Answer, request: NegotiationRequest): Verdict {
  if (answer.kind === 'error') return judgeDiscoveryError(answer.error, request);
  if (answer.kind === 'unusable') return fallBack(request, answer.failure);
  const wrong = discoverFailure(answer.result);
  if (wrong !== undefined) {
    const verdict = fallBack(request, wrong);
    return verdict.verdict === 'handshake' && listsVersions(answer.result) ? { ...verdict, doubt: wrong } : verdict;
  }
  const result = answer.result as DiscoverResult;
  const version = newestShared(request.acceptable.modern, result.supportedVersions);
  if (version === undefined) return onlyLegacyShared(result.supportedVersions, request);
  return {
    verdict: 'session',
    session: {
      era: 'modern',
      protocolVersion: version,
      capabilities: result.capabilities,
      serverInfo: serverInfoOf(result),
      instructions: result.instructions,
    },
  };
}

/** Other responses do not show a modern server. */
function listsVersions(result: unknown): boolean {
  return isObject(result) && Array.isArray(result.supportedVersions);
}

function discoverFailure(result: unknown): Failure | undefined {
  const problem = checkDiscoverResult(result);
  if (problem !== undefined) return invalidResult('server/discover', problem);
  const checked = result as Readonly<Record<string, unknown>>;
  return unfinishedFailure('server/discover', methodEntry('server/discover'), 'modern', checked);
}

function judgeDiscoveryError(error: JSONRPCErrorObject, request: NegotiationRequest): Verdict {
  const { code } = error;
  const data = isObject(error.data) ? error.data : {};
  const supported: unknown[] = Array.isArray(data.supported) ? data.supported : [];
  if (code === ErrorCode.UnsupportedProtocolVersion && supported.some((version) => typeof version === 'string')) {
    const version = newestShared(request.acceptable.modern, supported);
    if (version === undefined) return onlyLegacyShared(supported, request);
    // Some servers refuse the first request with any revision, and list that same revision, so the request is repeated once.
    if (!request.corrected) return { verdict: 'ask-again', version };
  }
  if (code === ErrorCode.MissingRequiredClientCapability && isObject(data.requiredCapabilities)) {
    const required = Object.keys(data.requiredCapabilities);
    return {
      verdict: 'incompatible',
      failure: failure(
        'capability',
        'MCP_CAPABILITY_MISSING',
        `The server requires client capabilities: ${required.join(', ')}`,
        {
          errorCode: code,
          delivery: 'answered',
          details: { required },
        },
      ),
    };
  }
  // Only a modern server reads these headers. A proxy may have removed them, and would do so again.
  if (code === ErrorCode.HeaderMismatch) {
    return { verdict: 'incompatible', failure: rpcFailure('server/discover', error) };
  }
  return fallBack(request, rpcFailure('server/discover', error));
}

function onlyLegacyShared(supported: readonly unknown[], request: NegotiationRequest): Verdict {
  const version = newestShared(request.acceptable.legacy, supported);
  return version === undefined ? incompatible(supported, request) : { verdict: 'handshake', version };
}

/** The handshake, unless it is not allowed or the server is known to be modern. */
function fallBack(request: NegotiationRequest, why: Failure): Verdict {
  const version = request.corrected ? undefined : request.acceptable.legacy.at(-1);
  if (version !== undefined) return { verdict: 'handshake', version };
  const message = request.corrected
    ? `The server suggested revision ${request.version}, but refuses it`
    : 'The server does not support a modern revision, and no other is allowed';
  const { errorCode } = why;
  const details = { requested: request.acceptable.modern };
  return {
    verdict: 'incompatible',
    failure: failure('protocol', 'MCP_UNSUPPORTED_VERSION', message, {
      errorCode,
      delivery: 'answered',
      details,
      cause: why,
    }),
  };
}

function incompatible(theirs: readonly unknown[], request: NegotiationRequest): Verdict {
  const ours = [...request.acceptable.legacy, ...request.acceptable.modern];
  const listed = theirs.map(String);
  return {
    verdict: 'incompatible',
    failure: failure(
      'protocol',
      'MCP_UNSUPPORTED_VERSION',
      `No shared protocol revision: the server has ${listed.join(', ') || 'none'}; this client allows ${ours.join(', ')}`,
      { delivery: 'answered', details: { supported: listed, requested: ours } },
    ),
  };
}

/** The failure of a handshake with a revision that has no handshake. */
function contradictory(version: string, request: NegotiationRequest): Verdict {
  const message = `The server answered the handshake with revision ${version}, which has no handshake; the client offered ${request.version}`;
  const details = { supported: [version], requested: request.acceptable.legacy };
  return {
    verdict: 'incompatible',
    failure: failure('protocol', 'MCP_UNSUPPORTED_VERSION', message, { delivery: 'answered', details }),
  };
}

/** Interprets the response to `initialize`. 2025-11-25 basic/lifecycle, "Version Negotiation". */
export function judgeHandshake(answer: Answer, request: NegotiationRequest): Verdict {
  const verdict = judgeAgreement(answer, request);
  const { doubt: cause } = request;
  if (verdict.verdict !== 'incompatible' || cause === undefined) return verdict;
  return { verdict: 'incompatible', failure: { ...verdict.failure, cause } };
}

function judgeAgreement(answer: Answer, request: NegotiationRequest): Verdict {
  if (answer.kind === 'error') {
    const data = isObject(answer.error.data) ? answer.error.data : {};
    const version = Array.isArray(data.supported) ? newestShared(request.acceptable.legacy, data.supported) : undefined;
    if (version !== undefined && version !== request.version && !request.corrected)
      return { verdict: 'ask-again', version };
    return { verdict: 'incompatible', failure: rpcFailure('initialize', answer.error) };
  }
  if (answer.kind === 'unusable') return { verdict: 'incompatible', failure: answer.failure };
  const problem = checkInitializeResult(answer.result);
  if (problem !== undefined) return { verdict: 'incompatible', failure: invalidResult('initialize', problem) };
  const result = answer.result as InitializeResult;
  const version = newestShared(request.acceptable.legacy, [result.protocolVersion]);
  if (version === undefined) {
    const { protocolVersion } = result;
    return eraOf(protocolVersion) === 'modern'
      ? contradictory(protocolVersion, request)
      : incompatible([protocolVersion], request);
  }
  return {
    verdict: 'session',
    session: {
      era: 'legacy',
      protocolVersion: version,
      capabilities: result.capabilities,
      serverInfo: result.serverInfo,
      instructions: result.instructions,
    },
  };
}

/** The first request of a negotiation: in the known era, otherwise in the modern one. */
export function firstNegotiationRequest(
  allowed: Acceptable,
  known: Era | undefined,
): { readonly ask: Era; readonly version: MCPProtocolVersion } {
  const modern = allowed.modern.at(-1);
  const legacy = allowed.legacy.at(-1);
  if (modern === undefined || (known === 'legacy' && legacy !== undefined)) {
    return { ask: 'legacy', version: legacy ?? LATEST_LEGACY };
  }
  return { ask: 'modern', version: modern };
}

/** Whether a timeout or an exit may mean a legacy server: only if both eras are allowed. */
export function mayFallBack(allowed: Acceptable): boolean {
  return allowed.modern.length > 0 && allowed.legacy.length > 0;
}

/** The newest revision to offer in the handshake after `server/discover` failed. */
export function handshakeVersion(allowed: Acceptable): MCPProtocolVersion {
  return allowed.legacy.at(-1) ?? LATEST_LEGACY;
}

/** Servers put their name and version into `_meta`; pre-release servers beside it. */
function serverInfoOf(result: DiscoverResult): Session['serverInfo'] {
  const fromMeta = result._meta?.['io.modelcontextprotocol/serverInfo'];
  const info = isObject(fromMeta) ? fromMeta : (result as { serverInfo?: unknown }).serverInfo;
  return isObject(info) && typeof info.name === 'string' ? (info as unknown as Session['serverInfo']) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
