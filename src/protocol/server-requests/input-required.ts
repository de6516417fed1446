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

/** What a server wants to know before it goes on with a request. */
export interface NeededInput {
  /** Its questions, by the keys that it gave them. Undefined when it only wants to be asked again. */
  readonly questions: readonly (readonly [key: string, question: ServerRequest])[] | undefined;
  /** To be sent back byte for byte; undefined when nothing is to be sent back. */
  readonly requestState: string | undefined;
  /**
   * Only up to 2025-11-25: the error with which the server refused the request. The questions are of pages that the user has to visit
   * first. When the user does not want to, the request ends with it.
   */
  readonly refusal?: Failure;
}

/** What goes with a request when it is made again. 2026-07-28 basic/patterns/mrtr. */
export interface Input {
  readonly inputResponses?: Readonly<Record<string, unknown>>;
  readonly requestState?: string;
}

/** Whether a result asks for input instead of being one. Legacy servers have no such results, whatever they write into them. */
export function asksForInput(
  { mayAskBack }: MethodEntry,
  session: Session | undefined,
  { resultType }: Readonly<Record<string, unknown>>,
): boolean {
  return mayAskBack === true && session?.era === 'modern' && resultType === 'input_required';
}

/** What such a result asks for, or what is wrong with it. */
export function neededInput(method: string, result: Readonly<Record<string, unknown>>): NeededInput | Failure {
  const read = repaired(result, checkInputRequiredResult);
  if (!('faults' in read)) return invalidResult(method, read, result);
  const { inputRequests, requestState } = result;
  return {
    questions: isObject(inputRequests) ? Object.entries(inputRequests as Record<string, ServerRequest>) : undefined,
    requestState: typeof requestState === 'string' ? requestState : undefined,
  };
}

/** What goes with the request when it is made again. The keys are the server's choice: one of them may be `__proto__`. */
export function inputOf(
  { questions, requestState }: NeededInput,
  answers: readonly Readonly<Record<string, unknown>>[],
): Input {
  return {
    ...(questions !== undefined && {
      inputResponses: Object.fromEntries(questions.map(([key], index) => [key, answers[index]])),
    }),
    ...(requestState !== undefined && { requestState }),
  };
}

/** The parameters of a request with what the server asked for last, and nothing of what it asked for before. */
export function withInput(params: Params | undefined, input: Input): Params {
  const { inputResponses: _answers, requestState: _state, ...own } = params ?? {};
  return { ...own, ...input };
}

/** What a client has to offer for a question to be put to it. */
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
      // An object that says nothing means forms. 2025-11-25 client/elicitation, "Capabilities".
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

/** What the questions take that this client does not offer, each once. A server must not ask for it. */
export function missingCapabilities({ questions = [] }: NeededInput, offered: ClientCapabilities): string[] {
  const wanted = new Set(questions.map(([, question]) => wantedCapability(question)));
  return [...wanted].filter((capability) => !offers(offered, capability));
}

/** The failure of a request that takes input which nobody was appointed to give. */
export function notOffered(method: string, missing: readonly string[]): Failure {
  const required = missing.join(', ');
  const message = `${method} needs input from the user or the host, which this client did not offer: ${required}`;
  return failure('capability', 'MCP_CAPABILITY_MISSING', message, {
    delivery: 'answered',
    details: { method, resultType: 'input_required', required },
  });
}

/** The failure of a request of which the server asks for more and more. */
export function tooManyRounds(method: string, rounds: number): Failure {
  const message = `${method} needed input more than ${rounds} times, which is the limit \`limits.maxInputRounds\``;
  return failure('protocol', 'MCP_INPUT_LIMIT', message, {
    delivery: 'answered',
    details: { method, field: 'limits.maxInputRounds', limit: rounds },
  });
}

/** The failure of a request that asks more at once than anybody can be asked. */
export function tooManyServerRequests(method: string, asked: number, limit: number, why = ''): Failure {
  const message = `${method} asks ${asked} questions at once; the limit \`limits.maxServerRequests\` is ${limit}${why}`;
  return failure('protocol', 'MCP_INPUT_LIMIT', message, {
    delivery: 'answered',
    details: { method, field: 'limits.maxServerRequests', limit, size: asked },
  });
}

/** The failure of a request because one of its questions was not answered. There is no way to tell the server. */
export function notAnswered(method: string, question: ServerRequest, why: Failure): Failure {
  const asked = safeText(question.method, 80);
  return failure(
    'protocol',
    'MCP_INPUT_FAILED',
    `${method} needs input, and ${asked} was not answered: ${why.message}`,
    {
      delivery: 'answered',
      details: { method, serverRequest: asked },
      cause: why,
    },
  );
}

/** The failure of a request that was to be made again when the server turned out to be another one. */
export function inputOfAnotherEra(method: string, { protocolVersion }: Session): Failure {
  const message = `${method} was to go on with the input that the server had asked for, and now it speaks ${protocolVersion}`;
  return failure('protocol', 'MCP_UNSUPPORTED_VERSION', message, { details: { method, protocolVersion } });
}

/**
 * The pages that a legacy server wants to be visited before it serves a request, or undefined when its error says something else.
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
    questions: pages.map((params) => [params.elicitationId, { method: 'elicitation/create', params }]),
    requestState: undefined,
    refusal,
  };
}

function isPage(params: unknown): params is Params & { readonly elicitationId: string } {
  return isObject(params) && params.mode === 'url' && typeof params.elicitationId === 'string';
}
