import type { HandlerResponse } from '../protocol/server-requests/server-requests.js';
import { Redaction } from '../diagnostics/redaction.js';
import type { Session } from '../protocol/session.js';
import type { DesiredState } from '../machines/connection/connection-context.js';
import type { RecordedEntry, RecordingHeader } from './recorded-events.js';

/** Infinity, which JSON cannot represent. */
const INFINITE = '∞';

/** Fields whose content comes from users or servers. There the text `∞` is not Infinity. */
const QUOTED: ReadonlySet<string> = new Set([
  'message',
  'params',
  'headers',
  'failure',
  'identity',
  'inherited',
  'answer',
]);

/** The first line of a recording. With a redaction it contains no secret. */
export function headerLine(header: RecordingHeader, redaction: Redaction | undefined): string {
  if (redaction === undefined) return line(header);
  const { identity, inherited } = header;
  return line({
    ...header,
    redacted: true,
    identity: redaction.params('initialize', identity),
    ...(inherited !== undefined && {
      inherited: {
        // Everything in a session except the era comes from the result of a negotiation request.
        session: { ...(redaction.result(inherited.session) as Session), era: inherited.session.era },
        desired: redactedDesire(inherited.desired, redaction),
      },
    }),
  });
}

/** Any other line of a recording. Values that JSON cannot represent are left out. Never throws. */
export function entryLine(entry: RecordedEntry, redaction: Redaction | undefined): string {
  if (redaction === undefined) {
    try {
      return line(entry);
    } catch {
      // A circular value or a BigInt, which cannot be sent either.
      return line(redacted(entry, new Redaction()));
    }
  }
  return line(redacted(entry, redaction));
}

/** Characters that JSON does not escape, although they are invisible or control a terminal. Keys of messages may contain them. */
const INVISIBLE =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

function escaped(character: string): string {
  return character.split('').reduce((all, unit) => `${all}\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`, '');
}

function line(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === Infinity) return INFINITE;
    if (!(inner instanceof Error)) return inner;
    const { name, message, cause } = inner;
    return { ...inner, name, message, cause };
  }).replace(INVISIBLE, escaped);
}

function redacted(entry: RecordedEntry, redaction: Redaction): unknown {
  switch (entry.type) {
    case 'message.in':
    case 'message.out':
    case 'send':
      return { ...entry, message: redaction.message(entry.message) };
    case 'link.failed':
    case 'link.closed':
    case 'link.problem':
    case 'message.settled':
    case 'stream.ended':
      return { ...entry, failure: redaction.failure(entry.failure) };
    case 'handler.responded':
      return { ...entry, answer: redactedAnswer(entry.answer, redaction) };
    case 'submit': {
      const { method, params } = entry;
      const hidden = redaction.message({ method, params }) as object;
      return { ...entry, ...hidden, ...(entry.headers !== undefined && { headers: redaction.value(entry.headers) }) };
    }
    case 'handler.called':
    case 'notified':
      return { ...entry, ...(redaction.message({ method: entry.method }) as object) };
    case 'watch':
    case 'unwatch':
      return { ...entry, uri: redaction.uri(entry.uri) };
    case 'event': {
      const { event } = entry;
      if (event.type !== 'desire') return entry;
      return { ...entry, event: { ...event, desired: redactedDesire(event.desired, redaction) } };
    }
    default:
      return entry;
  }
}

/** As it will be in the message that carries it. */
function redactedAnswer(answer: HandlerResponse, redaction: Redaction): object {
  if ('result' in answer) return { result: redaction.result(answer.result) };
  const { error } = redaction.message({ error: answer.error }) as object & { error: unknown };
  return { error, failure: redaction.failure(answer.failure) };
}

function redactedDesire(desired: Partial<DesiredState>, redaction: Redaction): Partial<DesiredState> {
  if (desired.resources === undefined) return desired;
  return { ...desired, resources: desired.resources.map((uri) => redaction.uri(uri)) };
}

/**
 * Reads a line that {@link headerLine} or {@link entryLine} wrote.
 * @throws the errors of `JSON.parse`.
 */
export function parseLine(text: string): unknown {
  return withInfinity(JSON.parse(text));
}

function withInfinity(value: unknown): unknown {
  if (value === INFINITE) return Infinity;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const object = value as Record<string, unknown>;
  for (const [key, inner] of Object.entries(object)) if (!QUOTED.has(key)) object[key] = withInfinity(inner);
  return object;
}
