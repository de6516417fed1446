import type { BoundedBytes, Oversized } from '../../util/bounded-bytes.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { isRequestId } from './json-rpc.js';
import type { RequestId } from './json-rpc.js';

const ID = String.raw`(-?\d+|"(?:[^"\\]|\\.)*")`;
const VERSION = String.raw`"jsonrpc"\s*:\s*"2\.0"\s*,\s*`;
/** The id before the result, as Python and Go servers send it. */
const AT_THE_HEAD = new RegExp(
  String.raw`^\s*\{\s*(?:${VERSION})?"id"\s*:\s*${ID}\s*,\s*(?:${VERSION})?"(?:result|error)"`,
);
/** The id after the result, as TypeScript servers send it: directly before the closing brace of the message. */
const ANSWER_FIRST = new RegExp(String.raw`^\s*\{\s*(?:${VERSION})?"(?:result|error)"`);
const AT_THE_TAIL = new RegExp(String.raw`,\s*"id"\s*:\s*${ID}\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$`);

/**
 * The id of the request that a discarded message responds to, if its edges show it with certainty. Then the call can fail at once instead of
 * waiting for its timeout.
 */
export function answeredBy(message: Pick<Oversized, 'head' | 'tail'>): RequestId | undefined {
  const found =
    AT_THE_HEAD.exec(message.head) ?? (ANSWER_FIRST.test(message.head) ? AT_THE_TAIL.exec(message.tail) : null);
  if (found?.[1] === undefined) return undefined;
  try {
    return JSON.parse(found[1]) as RequestId;
  } catch {
    return undefined;
  }
}

/** The method stands before what is large, so it is no answer. */
const METHOD_FIRST = new RegExp(
  String.raw`^\s*\{\s*(?:${VERSION})?(?:"id"\s*:\s*${ID}\s*,\s*)?(?:${VERSION})?"method"\s*:\s*"([^"\\]+)"`,
);

/** The method of a request or notification that cannot be read, by how it begins, if it is certain that it was one. */
export function methodIn(head: string): string | undefined {
  return METHOD_FIRST.exec(head)?.[2];
}

/** How much of each end of a text is looked at when its structure says nothing, in characters. */
const EDGE = 256;
/** Longer texts are judged by their ends alone: to read one takes about 100 ns a token. */
const LONGEST_READ = 1024 * 1024;
const BEGINS_LIKE_A_MESSAGE = /^\s*[[{]/;
/**
 * The tokens of JSON: a string, a mark, or anything else without spaces, such as `12` or `NaN`. A string that is cut off is one token up to
 * the end of the text: a search that began again at each quote in it would take seconds for 100 KB.
 */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|[{}[\]:,]|[^\s"{}[\]:,]+/gs;

/**
 * The ids of the responses in a text that is not valid JSON: with `NaN` in it, a control character, or something behind its end. Their calls can
 * fail at once, as with an oversized message.
 */
export function answeredIn(text: string): RequestId[] {
  if (!BEGINS_LIKE_A_MESSAGE.test(text) || !text.includes('"id"')) return [];
  const ids = text.length <= LONGEST_READ ? idsByStructure(text) : [];
  if (ids.length > 0) return ids;
  const id = answeredBy({ head: text.slice(0, EDGE), tail: text.slice(-EDGE) });
  return id === undefined ? [] : [id];
}

/** Looks at the members of the outermost objects, and at nothing inside of them. */
function idsByStructure(text: string): RequestId[] {
  const ids: RequestId[] = [];
  const members = new Map<string, string>();
  const finish = (): void => {
    const id = parsedId(members.get('"id"'));
    const isResponse = members.has('"result"') || members.has('"error"');
    if (isResponse && id !== undefined && (members.get('"method"') ?? 'null') === 'null') ids.push(id);
    members.clear();
  };
  let [depth, name, previous] = [0, '', ''];
  // The brackets of a batch say nothing: what counts are the objects in it.
  for (const [token] of text.replace(/^\s*\[/, '').matchAll(TOKEN)) {
    if (depth === 1 && previous === ':') members.set(name, token);
    else if (depth === 1 && token !== ':') name = token;
    if (token === '{' || token === '[') depth += 1;
    else if ((token === '}' || token === ']') && depth > 0) {
      depth -= 1;
      if (depth === 0) finish();
    }
    previous = token;
  }
  finish();
  return ids;
}

function parsedId(token = ''): RequestId | undefined {
  try {
    const id: unknown = JSON.parse(token);
    return isRequestId(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

/** How much longer than the limit a message is at least before it is reported without its end, in bytes. */
const ENDLESS = 1024 * 1024;

/**
 * Decides when a discarded message is reported: at its end, which may contain the request id. A message that exceeds twice the limit plus 1 MiB
 * is reported at once, because its end may never arrive, and again at its end if only that contains the id.
 */
export class OversizedReports {
  readonly #messageIn: (piece: Oversized) => Oversized;
  #early: Oversized | undefined;

  /** @param messageIn leaves out what belongs to the stream and not to the message */
  constructor(messageIn = (piece: Oversized): Oversized => piece) {
    this.#messageIn = messageIn;
  }

  /** More of an unfinished message has come: what is to be reported of it now. */
  unfinished({ length, oversized }: BoundedBytes, limit: number): Oversized | undefined {
    if (length <= limit + Math.max(limit, ENDLESS) || this.#early !== undefined || oversized === undefined)
      return undefined;
    // An end that has not come says nothing.
    this.#early = { ...this.#messageIn(oversized), tail: '' };
    return this.#early;
  }

  /** The end of a message has come: what is to be reported of it. */
  finished(piece: Oversized): Oversized | undefined {
    const early = this.#early;
    this.#early = undefined;
    const message = this.#messageIn(piece);
    const adds = early === undefined || (answeredBy(early) === undefined && answeredBy(message) !== undefined);
    return adds ? message : undefined;
  }
}

/**
 * The failure of a discarded message that exceeded the limit or the memory budget. If known, `details.requestId` is the id of its request, or
 * `details.method` the method of a message that is not a response.
 */
export function tooLarge(message: Oversized, field: string): Failure {
  const { limit, received, budget, ended = true } = message;
  const size = `${ended ? '' : 'at least '}${received} bytes`;
  const id = answeredBy(message);
  const method = methodIn(message.head);
  const delivery = id === undefined ? undefined : 'answered';
  const about = { received, ...(id !== undefined && { requestId: id }), ...(method !== undefined && { method }) };
  if (budget !== undefined) {
    const exhausted = budget.exhausted(`A message of the server of ${size}`, delivery);
    return { ...exhausted, details: { ...exhausted.details, ...about } };
  }
  return failure(
    'protocol',
    'MCP_MESSAGE_TOO_LARGE',
    `A message of the server has ${size}, more than ${field}, ${limit}`,
    { delivery, details: { field, limit, ...about } },
  );
}
