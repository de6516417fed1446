import { isObject } from '../checks/problem.js';
import { repaired } from '../checks/repair.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { ErrorCode } from '../messages/json-rpc.js';
import type { JSONRPCErrorObject, Params } from '../messages/json-rpc.js';
import { invalidResult } from '../methods.js';
import type { MethodEntry } from '../methods.js';
import type { ServerRequest } from './server-requests.js';
import { checkInputRequiredResult } from '../checks/result-checks.js';
import type { ClientCapabilities } from '../schema/index.js';
import type { Session } from '../session.js';
import { safeText } from '../../util/printable.js';

/** The input that a server needs before it continues with a request. */
export interface NeededInput {
  /** The server requests, by key. Undefined if the request must only be sent again. */
  readonly requests: readonly (readonly [key: string, request: ServerRequest])[] | undefined;
  /** To be sent back unchanged; undefined if there is none. */
  readonly requestState: string | undefined;
  /**
   * Only up to 2025-11-25: the error with which the server refused the request, because the user must visit pages first. If the user declines,
   * the request rejects with it.
   */
  readonly refusal?: Failure;
}

/** The parameters that are added to a repeated request. 2026-07-28 basic/patterns/mrtr. */
export interface Input {
  readonly inputResponses?: Readonly<Record<string, unknown>>;
  readonly requestState?: string;
}

/** Whether a result requests input. Legacy servers have no such results. */
export function asksForInput(
  { mayAskBack }: MethodEntry,
  session: Session | undefined,
  { resultType }: Readonly<Record<string, unknown>>,
): boolean {
  return mayAskBack === true && session?.era === 'modern' && resultType === 'input_required';
}

/** The input that such a result requests, or the problem in it. */
export function neededInput(method: string, result: Readonly<Record<string, unknown>>): NeededInput | Failure {
  const read = repaired(result, checkInputRequiredResult);
  if (!('faults' in read)) return invalidResult(method, read, result);
  const { inputRequests, requestState } = result;
  return {
    requests: isObject(inputRequests) ? Object.entries(inputRequests as Record<string, ServerRequest>) : undefined,
    requestState: typeof requestState === 'string' ? requestState : undefined,
  };
}

/** The parameters for the repeated request. The server chooses the keys: one of them may be `__proto__`. */
export function inputOf(
  { requests, requestState }: NeededInput,
  answers: readonly Readonly<Record<string, unknown>>[],
): Input {
  return {
    ...(requests !== undefined && {
      inputResponses: Object.fromEntries(requests.map(([key], index) => [key, answers[index]])),
    }),
    ...(requestState !== undefined && { requestState }),
  };
}

/** The parameters of a request with the input of the last round only. */
export function withInput(params: Params | undefined, input: Input): Params {
  const { inputResponses: _answers, requestState: _state, ...own } = params ?? {};
  return { ...own, ...input };
}

/** The client capability that a server request needs. */
function wantedCapability({ method, params }: ServerRequest): string {
  switch (method) {
    case 'elicitation/create':
      return params?.mode === 'url' ? 'elicitation.url' : 'elicitation.form';
    case 'sampling/createMessage':
      return params?.tools == null && params?.toolChoice == null ? 'sampling' : 'sampling.tools';
    case 'roots/list':
      return 'roots';
    default:
      return safeText(method, 80);
  }
}

function offers({ elicitation, sampling, roots }: ClientCapabilities, capability: string): boolean {
  switch (capability) {
    case 'elicitation.form':
      // An empty object means forms. 2025-11-25 client/elicitation, "Capabilities".
      return elicitation != null && (elicitation.form != null || elicitation.url == null);
    case 'elicitation.url':
      return elicitation?.url != null;
    case 'sampling':
      return sampling != null;
    case 'sampling.tools':
      return sampling?.tools != null;
    case 'roots':
      return roots != null;
    default:
      return false;
  }
}

/** The capabilities that the requests need and this client lacks, each once. */
export function missingCapabilities({ requests = [] }: NeededInput, offered: ClientCapabilities): string[] {
  const wanted = new Set(requests.map(([, request]) => wantedCapability(request)));
  return [...wanted].filter((capability) => !offers(offered, capability));
}

/** The failure of a request that needs input for which there is no handler. */
export function notOffered(method: string, missing: readonly string[]): Failure {
  const required = missing.join(', ');
  const message = `${method} needs input from the user or the host, for which this client has no handler: ${required}`;
  return failure('capability', 'MCP_CAPABILITY_MISSING', message, {
    delivery: 'answered',
    details: { method, resultType: 'input_required', required },
  });
}

/** The failure of a request with too many rounds of input. */
export function tooManyRounds(method: string, rounds: number): Failure {
  const message = `${method} needed input more than ${rounds} times, which is the limit \`limits.maxInputRounds\``;
  return failure('protocol', 'MCP_INPUT_LIMIT', message, {
    delivery: 'answered',
    details: { method, field: 'limits.maxInputRounds', limit: rounds },
  });
}

/** The failure of a request that needs too many server requests at once. */
export function tooManyServerRequests(method: string, asked: number, limit: number, why = ''): Failure {
  const message = `${method} needs ${asked} server requests at once; the limit \`limits.maxServerRequests\` is ${limit}${why}`;
  return failure('protocol', 'MCP_INPUT_LIMIT', message, {
    delivery: 'answered',
    details: { method, field: 'limits.maxServerRequests', limit, size: asked },
  });
}

/** The failure of a request because one of its server requests failed. The protocol has no way to report this to the server. */
export function notAnswered(method: string, request: ServerRequest, why: Failure): Failure {
  const asked = safeText(request.method, 80);
  return failure('protocol', 'MCP_INPUT_FAILED', `${method} needs input, and ${asked} failed: ${why.message}`, {
    delivery: 'answered',
    details: { method, serverRequest: asked },
    cause: why,
  });
}

/** The failure of a request that cannot be repeated with its input, because the revision of the server has changed. */
export function inputOfAnotherEra(method: string, { protocolVersion }: Session): Failure {
  const message = `${method} cannot continue with the requested input, because the server now uses revision ${protocolVersion}`;
  return failure('protocol', 'MCP_UNSUPPORTED_VERSION', message, { details: { method, protocolVersion } });
}

/**
 * The pages that the user must visit before a legacy server serves a request, or undefined for another error.
 * 2025-11-25 client/elicitation, "URL Elicitation Required Error".
 */
export function neededPages(
  { code, data }: JSONRPCErrorObject,
  session: Session | undefined,
  refusal: Failure,
): NeededInput | undefined {
  if (code !== ErrorCode.URLElicitationRequired || session?.protocolVersion !== '2025-11-25') return undefined;
  const elicitations = isObject(data) ? data.elicitations : undefined;
  if (!Array.isArray(elicitations) || elicitations.length === 0) return undefined;
  const pages = elicitations.filter(isPage);
  if (pages.length < elicitations.length) return undefined;
  return {
    requests: pages.map((params) => [params.elicitationId, { method: 'elicitation/create', params }]),
    requestState: undefined,
    refusal,
  };
}

function isPage(params: unknown): params is Params & { readonly elicitationId: string } {
  return isObject(params) && params.mode === 'url' && typeof params.elicitationId === 'string';
}
