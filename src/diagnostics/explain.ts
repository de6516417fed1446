import type { Delivery } from '../util/failure.js';
import { hintOf } from './hints.js';
import type { Circumstances } from './hintable.js';
import { barred, excerpt, withoutNumbers } from '../util/printable.js';
import { circumstancesOf, storyLines } from './story.js';
import type { Story } from './story.js';

/** The fields that failures and errors have in common. */
interface Explainable {
  readonly code: string;
  readonly message: string;
  readonly errorCode?: number | undefined;
  readonly delivery?: Delivery | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** Codes of requests that would fail in the same way if they were repeated. */
const FUTILE: ReadonlySet<string> = new Set([
  'MCP_INVALID_PARAMS',
  'MCP_CAPABILITY_MISSING',
  'MCP_UNSUPPORTED_VERSION',
  'MCP_AUTHENTICATION_REQUIRED',
  'MCP_SPAWN_FAILED',
]);
const NOTHING_SENT = 'Nothing was sent.';

const DELIVERY: Readonly<Record<Delivery, string>> = {
  'not-sent': 'The request did not run: it is safe to repeat.',
  unknown: 'The request was sent and got no response: it may have run.',
  answered: 'The server responded.',
};

/** The longest stderr in an explanation, in characters. */
const LONGEST_TAIL = 2_000;

/** The largest number of causes that are shown: a foreign error can be its own cause. */
const DEEPEST = 20;

/** Facts besides the failure itself. */
interface Background {
  /** The history of the connection when it failed. */
  readonly story?: Story | undefined;
  /** The circumstances, if the caller shows the story itself. */
  readonly about?: Circumstances | undefined;
}

/**
 * Formats a failure, its causes and the history of the connection, in lines. Further lines of an untrusted text begin with a bar.
 */
export function explainFailure(start: Explainable, { story, about }: Background = {}): string {
  const lines: string[] = [];
  /** Facts that are shown already: several causes may have the same. */ const shown = new Set<string>();
  let indent = '';
  for (let current: unknown = start; current !== undefined; current = causeOf(current)) {
    if (indent.length > 2 * DEEPEST) break;
    lines.push(barred(`${indent}${indent === '' ? '' : 'because '}${headline(current)}`, indent));
    for (const fact of isExplainable(current) ? facts(current) : []) {
      const key = fact.startsWith('stderr: ') ? withoutNumbers(fact) : fact;
      if (!shown.has(key)) lines.push(barred(`${indent}  ${fact}`, `${indent}  `));
      shown.add(key);
    }
    indent += '  ';
  }
  if (start.delivery !== undefined) lines.push(deliveryOf(start, start.delivery));
  if (story !== undefined) lines.push(`The state was ${story.path}.`, ...storyLines(story, 'before'));
  const hint = hintFor(start, story === undefined ? about : circumstancesOf(story));
  if (hint !== undefined) lines.push(`Hint: ${hint}`);
  return lines.join('\n');
}

/** The hint of the innermost cause that has one. */
export function hintFor(start: Explainable, about?: Circumstances): string | undefined {
  let hint: string | undefined;
  let depth = 0;
  for (let current: unknown = start; isExplainable(current) && depth <= DEEPEST; current = causeOf(current)) {
    hint = hintOf(current, about) ?? hint;
    depth += 1;
  }
  return hint;
}

function deliveryOf({ code }: Explainable, delivery: Delivery): string {
  return delivery === 'not-sent' && FUTILE.has(code) ? NOTHING_SENT : DELIVERY[delivery];
}

/** The message of a failure, without the message of its cause, which is shown below it. */
function headline(value: unknown): string {
  if (!isExplainable(value)) return value instanceof Error ? String(value.message) : 'something that is not an error';
  const cause = causeOf(value);
  const ending = isExplainable(cause) || cause instanceof Error ? `: ${cause.message}` : undefined;
  const { message, code } = value;
  const own = ending !== undefined && message.endsWith(ending) ? message.slice(0, -ending.length) : message;
  return `${own} [${code}]`;
}

function facts(value: Explainable): string[] {
  const lines: string[] = [];
  // The message may contain the reason already.
  const { stderr, reason, data: _data, result: _result, ...rest } = value.details ?? {};
  const isInMessage = typeof reason === 'string' && value.message.includes(barred(excerpt(reason).trimEnd(), ''));
  const facts = isInMessage ? rest : { ...rest, reason };
  for (const [name, fact] of Object.entries(facts)) {
    if (typeof fact === 'string') lines.push(`${name}: ${fact}`);
    else if (typeof fact === 'number' || fact === null) lines.push(`${name}: ${String(fact)}`);
  }
  if (typeof stderr === 'string' && stderr !== '') lines.push(`stderr: ${stderr.slice(-LONGEST_TAIL).trimEnd()}`);
  return lines;
}

function isExplainable(value: unknown): value is Explainable {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Explainable).code === 'string' &&
    typeof (value as Explainable).message === 'string'
  );
}

function causeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { cause?: unknown }).cause : undefined;
}
