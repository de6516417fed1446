import { MCPError } from '../errors.js';
import type { RecordedEvent } from '../recording/recorded-events.js';
import { isObject } from '../protocol/checks/problem.js';
import { printable } from '../util/printable.js';
import { eraOf } from '../protocol/revisions.js';

// A recording may come from an untrusted source. All lines are checked before the replay begins, because the replay passes their values to
// a connection, whose arguments are otherwise checked by their types.

/** The check of a field, and its description for the error. */
interface Kind {
  readonly expected: string;
  readonly good: (value: unknown) => boolean;
}

type Fields = Readonly<Record<string, Kind>>;

/** Maximum nesting of arrays and objects in one line. */
const DEEPEST = 500;

/** Maximum length of an invalid value in an error, in characters. */
const LONGEST_VALUE = 60;

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number' && !Number.isNaN(value);

const text: Kind = { expected: 'a text', good: isText };
const flag: Kind = { expected: 'true or false', good: (value) => typeof value === 'boolean' };
const object: Kind = { expected: 'an object', good: isObject };
const anything: Kind = { expected: 'anything', good: () => true };
const count: Kind = {
  expected: 'a whole number from 1',
  good: (value) => Number.isSafeInteger(value) && Number(value) > 0,
};
const amount: Kind = {
  expected: 'a whole number from 0, or ∞',
  good: (value) => value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 0),
};
const time: Kind = { expected: 'a number', good: (value) => Number.isFinite(value) };
/** A duration or a time; Infinity means never. */
const limit: Kind = { expected: 'a number, or ∞', good: (value) => isNumber(value) && value !== -Infinity };
const id: Kind = { expected: 'a text or a number', good: (value) => isText(value) || Number.isFinite(value) };
const framing: Kind = {
  expected: '"shared" or "per-request"',
  good: (value) => value === 'shared' || value === 'per-request',
};
const era: Kind = { expected: '"legacy" or "modern"', good: (value) => value === 'legacy' || value === 'modern' };

function listOf(one: Kind): Kind {
  return { expected: `a list, each ${one.expected}`, good: (value) => Array.isArray(value) && value.every(one.good) };
}

function optional({ expected, good }: Kind): Kind {
  return { expected: `${expected}, or nothing`, good: (value) => value === undefined || good(value) };
}

/** An object with at least these fields. */
function shape(fields: Fields): Kind {
  const good = (value: unknown): boolean =>
    isObject(value) && Object.entries(fields).every(([name, kind]) => kind.good(own(value, name)));
  return { expected: `an object with ${Object.keys(fields).join(', ')}`, good };
}

function oneOf(expected: string, ...kinds: readonly Kind[]): Kind {
  return { expected, good: (value) => kinds.some(({ good }) => good(value)) };
}

function only(value: unknown): Kind {
  return { expected: JSON.stringify(value), good: (given) => given === value };
}

/** An own property. An inherited one cannot come from the file. */
function own(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

const texts = listOf(text);
const failure = shape({ kind: text, code: text, message: text, delivery: optional(text), details: optional(object) });
const headers: Kind = {
  expected: 'an object of texts',
  good: (value) => isObject(value) && Object.values(value).every(isText),
};
const revisions: Kind = {
  expected: 'a list of revisions of the protocol',
  good: (value) => Array.isArray(value) && value.every((one) => isText(one) && eraOf(one) !== undefined),
};
const lists: Kind = {
  expected: 'a list of "tools", "prompts" and "resources"',
  good: (value) =>
    Array.isArray(value) && value.every((one) => ['tools', 'prompts', 'resources'].includes(one as string)),
};
const outcome = oneOf(
  'the outcome of a call',
  shape({ ok: only(true) }),
  shape({ aborted: only(true) }),
  shape({ code: text, delivery: optional(text), errorCode: optional(time) }),
);
const answer = oneOf(
  'a response to a server request',
  shape({ result: object }),
  shape({ error: shape({ code: time, message: text }), failure }),
);
const desired = shape({ logLevel: optional(text), resources: optional(texts), lists: optional(lists) });
const wish = oneOf(
  'an event of a connection',
  shape({ type: only('reconnect') }),
  shape({ type: only('desire'), desired }),
  shape({ type: only('monitor'), interval: limit }),
);
const session = shape({
  era,
  protocolVersion: { expected: 'a revision', good: (value) => isText(value) && eraOf(value) !== undefined },
  capabilities: object,
});

const SIGNAL: Fields = { signal: optional(count), aborted: optional(only(true)) };
const CALL: Fields = { call: count, timeout: limit, ...SIGNAL };
const LINK: Fields = { epoch: count };

/** The fields of each entry besides `type` and {@link MARKS}. */
const ENTRIES: Readonly<Record<RecordedEvent['type'], Fields>> = {
  connect: CALL,
  join: CALL,
  probe: CALL,
  submit: {
    ...CALL,
    method: text,
    params: optional(object),
    headers: optional(headers),
    since: optional(time),
    totalDeadline: limit,
    maxTotalTimeout: optional(limit),
    repeatable: flag,
    failFast: flag,
    sharing: optional(listOf(time)),
    unchecked: optional(only(true)),
    progress: flag,
  },
  watch: { ...CALL, uri: text, deadline: limit },
  unwatch: { uri: text },
  send: { call: count, message: object },
  disconnect: { call: count },
  suspend: { call: count },
  event: { event: wish },
  abort: { signal: count },
  'timer.fired': { timer: count },
  random: { value: time },
  resumed: { taken: flag },
  unsent: { requestId: id },
  clock: {},
  refused: {},
  'link.ready': { opening: count, framing },
  'link.failed': { opening: count, failure },
  'link.released': { release: count },
  'handler.responded': { handler: count, answer },
  'handler.settled': { handler: count },
  state: { state: text, from: text },
  path: { path: text },
  ticked: {},
  'message.pending': { number: count },
  settled: { call: count, outcome },
  'handler.called': { handler: count, method: text },
  notified: { method: text },
  progress: { call: count, progress: time, total: optional(time) },
  problem: { code: text },
  suspect: {},
  'timer.set': { timer: count, delay: limit },
  'timer.cleared': { timer: count },
  'link.opening': LINK,
  'link.opened': { ...LINK, framing },
  'link.closed': { ...LINK, failure: optional(failure) },
  'link.left': LINK,
  'link.problem': { ...LINK, failure },
  'message.out': { ...LINK, number: count, message: object },
  'message.settled': { ...LINK, number: count, failure: optional(failure) },
  'message.in': { ...LINK, message: anything, about: optional(object) },
  'session.lost': LINK,
  'answer.interrupted': { ...LINK, requestId: id },
  'answer.resumed': { ...LINK, requestId: id },
  'signIn.began': LINK,
  'signIn.ended': LINK,
  'request.parked': { ...LINK, requestId: id },
  'request.unparked': { ...LINK, requestId: id },
  'stream.opening': LINK,
  'stream.opened': { ...LINK, resumed: flag },
  'stream.unsupported': LINK,
  'stream.ended': { ...LINK, retry: optional(limit), failure: optional(failure) },
  'stream.left': LINK,
};

/** The fields of the first line, with dots for nested fields. */
const HEADER: Fields = {
  by: text,
  redacted: flag,
  'transport.type': text,
  'transport.framing': framing,
  'policy.autoReconnect': flag,
  'policy.maxReconnectAttempts': amount,
  'policy.backoff.delay': limit,
  'policy.backoff.maxDelay': limit,
  'policy.restarts.maxRestarts': amount,
  'policy.restarts.window': limit,
  'policy.retryInitialConnect': flag,
  'policy.connectTimeout': limit,
  'policy.probeTimeout': limit,
  'policy.acceptable.modern': revisions,
  'policy.acceptable.legacy': revisions,
  perRequest: flag,
  era: optional(era),
  healthInterval: limit,
  inherited: optional(shape({ session, desired: shape({ logLevel: optional(text), resources: texts, lists }) })),
  'identity.clientInfo': object,
  'identity.capabilities': object,
  maxQueued: amount,
  lastId: amount,
  maxInputRounds: optional(amount),
  maxPendingReplies: optional(amount),
  maxServerRequests: optional(amount),
};

const MARKS: Fields = { at: time, turn: optional(only(true)), in: optional(count) };

/**
 * Checks the first line of a recording.
 * @throws MCPError with code `MCP_INVALID_PARAMS`; it names the line, the field and the beginning of its value.
 */
export function checkHeader(header: unknown): void {
  if (!isObject(header) || own(header, 'format') !== 'mcp-actors-recording')
    refuse('This is not a recording: the first line must have "format": "mcp-actors-recording"');
  const version = own(header, 'version');
  if (version !== 2) refuse(`The recording has version ${shown(version)}. This package reads version 2`);
  checkDepth(header, 1);
  for (const [path, kind] of Object.entries(HEADER)) checkField(header, path, kind, 1);
}

/**
 * Checks any other line.
 * @param line its number, counted from 1
 * @throws the errors of {@link checkHeader}.
 */
export function checkEntry(entry: unknown, line: number): void {
  if (!isObject(entry)) refuseField(line, '', 'an object', entry);
  const type = own(entry, 'type');
  if (!isText(type) || !Object.hasOwn(ENTRIES, type)) refuseField(line, 'type', 'the type of an entry', type);
  checkDepth(entry, line);
  for (const [name, kind] of Object.entries(MARKS)) checkField(entry, name, kind, line);
  for (const [name, kind] of Object.entries(ENTRIES[type as RecordedEvent['type']]))
    checkField(entry, name, kind, line);
}

function checkField(value: Readonly<Record<string, unknown>>, path: string, kind: Kind, line: number): void {
  let inner: unknown = value;
  for (const name of path.split('.')) inner = isObject(inner) ? own(inner, name) : undefined;
  if (!kind.good(inner)) refuseField(line, path, kind.expected, inner);
}

/** Deeper values would exceed the stack when they are compared or printed. For the same reason this does not recurse. */
function checkDepth(value: object, line: number): void {
  let level: object[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) refuse(`Line ${line} of the recording is nested deeper than ${DEEPEST} levels`, { line });
    const next: object[] = [];
    for (const one of level)
      for (const inner of Object.values(one))
        if (typeof inner === 'object' && inner !== null) next.push(inner as object);
    level = next;
  }
}

function refuseField(line: number, field: string, expected: string, value: unknown): never {
  const where = field === '' ? '' : `"${field}" `;
  const received = shown(value);
  refuse(`Line ${line} of the recording is invalid: ${where}must be ${expected}, got ${received}`, {
    ...{ line, field, expected, received },
  });
}

/** Throws the error of an invalid recording. */
export function refuse(message: string, details?: Readonly<Record<string, unknown>>): never {
  throw new MCPError(message, { code: 'MCP_INVALID_PARAMS', delivery: 'not-sent', details });
}

/** The beginning of a value, on one line. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === Infinity) return '∞';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const line = printable(JSON.stringify(value) ?? typeof value);
  return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE)}…` : line;
}
