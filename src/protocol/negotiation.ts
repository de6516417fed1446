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

/** Which era or revision to speak: find out, or do not ask. */
export type EraChoice = 'auto' | Era | MCPProtocolVersion;

/** The revisions that negotiation may end with, oldest first in each list. An empty list closes that era. */
export interface Acceptable {
  readonly modern: readonly MCPProtocolVersion[];
  readonly legacy: readonly MCPProtocolVersion[];
}

/** The revisions that a choice leaves open. */
export function acceptable(choice: EraChoice): Acceptable {
  if (choice === 'auto') return { modern: MODERN_REVISIONS, legacy: LEGACY_REVISIONS };
  if (choice === 'modern') return { modern: MODERN_REVISIONS, legacy: [] };
  if (choice === 'legacy') return { modern: [], legacy: LEGACY_REVISIONS };
  return eraOf(choice) === 'modern' ? { modern: [choice], legacy: [] } : { modern: [], legacy: [choice] };
}

/** How the server reacted to a question of the negotiation. */
export type Answer =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly error: JSONRPCErrorObject }
  /** With something that JSON-RPC does not know as an answer, such as a status of HTTP. */
  | { readonly kind: 'unusable'; readonly failure: Failure };

/** A result as an answer. */
export function resultAnswer(result: unknown): Answer {
  return { kind: 'result', result };
}

/** HTTP refusals that say nothing about the era of a server: who one is, and how often one asks, is another matter. */
const NO_EVIDENCE: ReadonlySet<number> = new Set([401, 403, 407, 408, 425, 429]);

/**
 * What a failed question of the negotiation says about the server, or undefined when it says nothing: an outage is not evidence. Any
 * other refusal with a client error of HTTP is, and so is a success with something that is no answer. 2026-07-28 basic/versioning,
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
 * Whether an error shows that the server is modern: the code alone does not, since others may use it. 2026-07-28 basic/index, "Error
 * codes".
 */
export function isModernError({ code, data }: JSONRPCErrorObject): boolean {
  const details = isObject(data) ? data : {};
  if (code === ErrorCode.UnsupportedProtocolVersion) return Array.isArray(details.supported);
  if (code === ErrorCode.MissingRequiredClientCapability) return isObject(details.requiredCapabilities);
  return code === ErrorCode.HeaderMismatch;
}

/** What to do next. */
export type Verdict =
  | { readonly verdict: 'session'; readonly session: Session }
  | { readonly verdict: 'ask-again'; readonly version: MCPProtocolVersion }
  | {
      readonly verdict: 'handshake';
      readonly version: MCPProtocolVersion;
      /** What is wrong with an answer that could nearly be that of a modern server. */
      readonly doubt?: Failure;
    }
  | { readonly verdict: 'incompatible'; readonly failure: Failure };

/** What was asked: the revision that was named, and whether it was named because the server had corrected us. */
export interface NegotiationRequest {
  readonly acceptable: Acceptable;
  readonly version: MCPProtocolVersion;
  readonly corrected: boolean;
  /** Why the handshake was asked for although the server may be modern. */
  readonly doubt?: Failure | undefined;
}

/**
 * Reads the answer to `server/discover`. A result that is one means modern, so does a recognised modern error; anything else says
 * only that the server is not known to be modern, and the handshake decides. 2026-07-28 basic/versioning, basic/transports/stdio.
 */
export function judgeDiscovery(answer: Answer, question: NegotiationRequest): Verdict {
  if (answer.kind === 'error') return judgeDiscoveryError(answer.error, question);
  if (answer.kind === 'unusable') return fallBack(question, answer.failure);
  const wrong = discoverFailure(answer.result);
  if (wrong !== undefined) {
    const verdict = fallBack(question, wrong);
    return verdict.verdict === 'handshake' && listsVersions(answer.result) ? { ...verdict, doubt: wrong } : verdict;
  }
  const result = answer.result as DiscoverResult;
  const version = newestShared(question.acceptable.modern, result.supportedVersions);
  if (version === undefined) return onlyLegacyShared(result.supportedVersions, question);
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

/** Nothing else that servers answer does. */
function listsVersions(result: unknown): boolean {
  return isObject(result) && Array.isArray(result.supportedVersions);
}

function discoverFailure(result: unknown): Failure | undefined {
  const problem = checkDiscoverResult(result);
  if (problem !== undefined) return invalidResult('server/discover', problem);
  const checked = result as Readonly<Record<string, unknown>>;
  return unfinishedFailure('server/discover', methodEntry('server/discover'), 'modern', checked);
}

function judgeDiscoveryError(error: JSONRPCErrorObject, question: NegotiationRequest): Verdict {
  const { code } = error;
  const data = isObject(error.data) ? error.data : {};
  const supported: unknown[] = Array.isArray(data.supported) ? data.supported : [];
  if (code === ErrorCode.UnsupportedProtocolVersion && supported.some((version) => typeof version === 'string')) {
    const version = newestShared(question.acceptable.modern, supported);
    if (version === undefined) return onlyLegacyShared(supported, question);
    // Some servers refuse the first request whatever it names, and list that very revision: asking once more is right.
    if (!question.corrected) return { verdict: 'ask-again', version };
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
  // Only a modern server reads these headers. Somebody in between may have taken them away, and would do so again.
  if (code === ErrorCode.HeaderMismatch) {
    return { verdict: 'incompatible', failure: rpcFailure('server/discover', error) };
  }
  return fallBack(question, rpcFailure('server/discover', error));
}

function onlyLegacyShared(supported: readonly unknown[], question: NegotiationRequest): Verdict {
  const version = newestShared(question.acceptable.legacy, supported);
  return version === undefined ? incompatible(supported, question) : { verdict: 'handshake', version };
}

/** The handshake, unless it is not allowed, or the server has shown before that it is modern. */
function fallBack(question: NegotiationRequest, why: Failure): Verdict {
  const version = question.corrected ? undefined : question.acceptable.legacy.at(-1);
  if (version !== undefined) return { verdict: 'handshake', version };
  const message = question.corrected
    ? `The server asked for revision ${question.version}, and does not take it`
    : 'The server does not speak a modern revision, and no other is allowed';
  const { errorCode } = why;
  const details = { requested: question.acceptable.modern };
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

function incompatible(theirs: readonly unknown[], question: NegotiationRequest): Verdict {
  const ours = [...question.acceptable.legacy, ...question.acceptable.modern];
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

/** The server agreed to a revision in a way that this revision does not have. */
function contradictory(version: string, question: NegotiationRequest): Verdict {
  const message = `The server answered the handshake with revision ${version}, which has none; it was offered ${question.version}`;
  const details = { supported: [version], requested: question.acceptable.legacy };
  return {
    verdict: 'incompatible',
    failure: failure('protocol', 'MCP_UNSUPPORTED_VERSION', message, { delivery: 'answered', details }),
  };
}

/** Reads the answer to `initialize`. 2025-11-25 basic/lifecycle, "Version Negotiation". */
export function judgeHandshake(answer: Answer, question: NegotiationRequest): Verdict {
  const verdict = judgeAgreement(answer, question);
  const { doubt: cause } = question;
  if (verdict.verdict !== 'incompatible' || cause === undefined) return verdict;
  return { verdict: 'incompatible', failure: { ...verdict.failure, cause } };
}

function judgeAgreement(answer: Answer, question: NegotiationRequest): Verdict {
  if (answer.kind === 'error') {
    const data = isObject(answer.error.data) ? answer.error.data : {};
    const version = Array.isArray(data.supported)
      ? newestShared(question.acceptable.legacy, data.supported)
      : undefined;
    if (version !== undefined && version !== question.version && !question.corrected)
      return { verdict: 'ask-again', version };
    return { verdict: 'incompatible', failure: rpcFailure('initialize', answer.error) };
  }
  if (answer.kind === 'unusable') return { verdict: 'incompatible', failure: answer.failure };
  const problem = checkInitializeResult(answer.result);
  if (problem !== undefined) return { verdict: 'incompatible', failure: invalidResult('initialize', problem) };
  const result = answer.result as InitializeResult;
  const version = newestShared(question.acceptable.legacy, [result.protocolVersion]);
  if (version === undefined) {
    const { protocolVersion } = result;
    return eraOf(protocolVersion) === 'modern'
      ? contradictory(protocolVersion, question)
      : incompatible([protocolVersion], question);
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

/** The first question of a negotiation: in the era that is known already, else the modern one. */
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

/** Whether silence or an exit may be taken as a sign of a legacy server: only when both eras are open. */
export function mayFallBack(allowed: Acceptable): boolean {
  return allowed.modern.length > 0 && allowed.legacy.length > 0;
}

/** The newest revision to offer in the handshake after the modern question led nowhere. */
export function handshakeVersion(allowed: Acceptable): MCPProtocolVersion {
  return allowed.legacy.at(-1) ?? LATEST_LEGACY;
}

/** Servers put their identity into `_meta`; pre-release ones beside it. */
function serverInfoOf(result: DiscoverResult): Session['serverInfo'] {
  const fromMeta = result._meta?.['io.modelcontextprotocol/serverInfo'];
  const info = isObject(fromMeta) ? fromMeta : (result as { serverInfo?: unknown }).serverInfo;
  return isObject(info) && typeof info.name === 'string' ? (info as unknown as Session['serverInfo']) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
