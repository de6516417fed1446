import { didYouMean } from '../util/did-you-mean.js';
import { rephrased } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { ErrorCode } from './messages/json-rpc.js';
import type { Params } from './messages/json-rpc.js';
import { excerpt, safeText } from '../util/printable.js';

/** Lists whose names errors suggest. */
export type NamedList = 'tools' | 'prompts' | 'resources' | 'skills';

/** A failed request, and the known names for a suggestion. */
export interface FailedCall {
  readonly method: string;
  readonly params: Params | undefined;
  /** The names (for resources and skills: the URIs) in the list that was received last; undefined when none was received. */
  readonly known: (list: NamedList) => readonly string[] | undefined;
}

/** The tool, the prompt or the resource that a request names. */
interface Subject {
  /** The field of `details`. */
  readonly key: 'tool' | 'prompt' | 'uri';
  readonly name: string;
  readonly list: NamedList;
}

/** Protocol errors that are not about the tool: the call may succeed after another action of the client. */
const NOT_ABOUT_THE_TOOL: ReadonlySet<number | undefined> = new Set([
  ErrorCode.URLElicitationRequired,
  ErrorCode.HeaderMismatch,
  ErrorCode.MissingRequiredClientCapability,
  ErrorCode.UnsupportedProtocolVersion,
]);

/** The longest name in a message, in characters; `details` has the whole name. */
const LONGEST_NAME = 200;

/** Codes of servers that did not start the call: unknown tool, unknown method, wrong arguments. */
const NOT_BEGUN: ReadonlySet<number | undefined> = new Set([
  ErrorCode.InvalidRequest,
  ErrorCode.MethodNotFound,
  ErrorCode.InvalidParams,
]);

/**
 * The failure of a request as its caller gets it: the message and the details name the tool, the prompt or the resource. An error reply to
 * `tools/call` becomes a tool error. When the server refuses a name that is similar to one of its list, the message suggests that one; no
 * request is made for it.
 */
export function failureOfCall(why: Failure, call: FailedCall): Failure {
  const subject = subjectOf(call);
  if (subject === undefined) return why;
  const { key, name, list } = subject;
  const replied = why.code === 'MCP_RPC_ERROR' && !NOT_ABOUT_THE_TOOL.has(why.errorCode);
  const named = replied && key === 'tool' ? toolRefused(why, name) : withSubject(why, call.method, subject);
  return replied || why.code === 'MCP_RESOURCE_NOT_FOUND' ? withSuggestion(named, name, call.known(list)) : named;
}

/** A failure about a name, with a similar name of the list that was received last, if that list does not have the name. */
export function withSuggestion(why: Failure, name: string, known: readonly string[] | undefined): Failure {
  if (known === undefined || known.includes(name)) return why;
  const suggestion = didYouMean(name, known);
  if (suggestion === '') return why;
  const { message } = why;
  return rephrased(why, `${message}${/[.!?]$/.test(message) ? '' : '.'}${suggestion}`);
}

function toolRefused(why: Failure, tool: string): Failure {
  const { errorCode, details } = why;
  const what = NOT_BEGUN.has(errorCode) ? 'was refused' : 'failed';
  const message = `The call of the tool ${shown(tool)} ${what}: ${excerpt(String(details?.reason))}`;
  return { ...rephrased(why, message, { ...details, tool }), kind: 'tool', code: 'MCP_TOOL_ERROR' };
}

function subjectOf({ method, params }: FailedCall): Subject | undefined {
  switch (method) {
    case 'tools/call':
      return subject('tool', params?.name);
    case 'prompts/get':
      return subject('prompt', params?.name);
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return subject('uri', params?.uri);
    case 'skills/get':
      return subject('uri', params?.uri, 'skills');
    case 'completion/complete': {
      const { name, uri } = (params?.ref ?? {}) as { readonly name?: unknown; readonly uri?: unknown };
      return subject('prompt', name) ?? subject('uri', uri);
    }
    default:
      return undefined;
  }
}

const LISTS = { tool: 'tools', prompt: 'prompts', uri: 'resources' } as const;

function subject(key: Subject['key'], name: unknown, list: NamedList = LISTS[key]): Subject | undefined {
  return typeof name === 'string' ? { key, name, list } : undefined;
}

function withSubject(why: Failure, method: string, { key, name }: Subject): Failure {
  const { message, details } = why;
  if (details?.[key] === name) return why;
  const call = `${method} "${shown(name)}"`;
  // The text after the first colon may come from the server.
  const [own = ''] = ` ${message}`.split(':', 1);
  const at = own.indexOf(` ${method}`);
  const text = at === -1 ? `${call}: ${message}` : message.slice(0, at) + call + message.slice(at + method.length);
  return rephrased(why, text, { ...details, [key]: name });
}

function shown(name: string): string {
  return safeText(name, LONGEST_NAME);
}
