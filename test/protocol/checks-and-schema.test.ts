import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  checkCancelledParams,
  checkListChangedParams,
  checkLoggingMessageParams,
  checkProgressParams,
  checkResourceUpdatedParams,
  checkSubscriptionsAcknowledgedParams,
} from '../../src/protocol/checks/notification-checks.js';
import { checkInputRequiredResult } from '../../src/protocol/checks/result-checks.js';
import type { ResultCheck } from '../../src/protocol/checks/result-checks.js';
import { LEGACY, MODERN, SHAPES } from '../support/charts/checked-shapes.js';
import { readExamples, readSchema } from '../support/official-schema.js';

const ajv = new Ajv2020({ strict: false, validateFormats: false });
for (const revision of [MODERN, LEGACY]) ajv.addSchema(readSchema(revision), revision);

function officialVerdict(definition: string, revision: string): (value: unknown) => boolean {
  const validate = ajv.getSchema(`${revision}#/$defs/${definition}`);
  if (validate === undefined) throw new Error(`Revision ${revision} does not define ${definition}`);
  return (value) => validate(value) === true;
}

type Path = readonly (string | number)[];

/** Every place in a value, the value itself left out. */
function* places(value: unknown, at: Path = []): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...at, Array.isArray(value) ? Number(key) : key];
    yield here;
    yield* places(inner, here);
  }
}

const REMOVED = Symbol('removed');

/** A copy of `value` with another value at `at`. */
function changed(value: unknown, at: Path, to: unknown): unknown {
  const [key, ...rest] = at;
  if (key === undefined) return to;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  const inner = rest.length === 0 ? to : changed(copy[key], rest, to);
  if (inner !== REMOVED) copy[key] = inner;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy;
}

const REPLACEMENTS: [string, unknown][] = [
  ['removed', REMOVED],
  ['null', null],
  ['a text', 'another text'],
  ['a negative number', -1],
  ['a fraction', 1.5],
  ['true', true],
  ['an array', [1]],
  ['an empty array', []],
  ['an object', { key: 'value' }],
  ['an empty object', {}],
];

const dotted = (at: Path): string =>
  at
    .map((key) => (typeof key === 'number' ? `[${key}]` : key.includes('.') ? `["${key}"]` : `.${key}`))
    .join('')
    .replace(/^\./, '');

/** What the checks let pass although the official schema does not, and why. Besides `null` for an optional field. */
const LENIENCIES: { readonly why: string; readonly place: RegExp; readonly to: RegExp }[] = [
  { why: 'servers before 2026-07-28 do not send it', place: /^(resultType|ttlMs|cacheScope)$/, to: /^removed$/ },
  { why: 'a scope we do not know means private', place: /^cacheScope$/, to: /^a text$/ },
  { why: 'a negative time to live means 0', place: /^ttlMs$/, to: /^a (negative number|fraction)$/ },
  { why: 'a later revision may have other content', place: /\bcontent(\[\d+\])?\.type$/, to: /^a text$/ },
  { why: 'an odd number breaks no reader', place: /\.(size|total)$/, to: /^a fraction$/ },
  { why: 'an odd priority breaks no reader', place: /\.priority$/, to: /^(a (negative number|fraction))$/ },
  { why: 'an icon for another theme breaks no reader', place: /icons\[\d+\]\.theme$/, to: /^a text$/ },
  { why: 'another kind of task support breaks no reader', place: /\.taskSupport$/, to: /^a text$/ },
  { why: 'only discovery reads who the server is', place: /^_meta\["io\.modelcontextprotocol\/serverInfo"\]/, to: /./ },
  {
    why: 'the id of the answer says which stream it ends',
    place: /^_meta(\["io\.modelcontextprotocol\/subscriptionId"\])?$/,
    to: /^(removed|an object|an empty object)$/,
  },
  { why: 'a server may not say who it is', place: /^serverInfo$/, to: /^removed$/ },
  // The official schema leaves fractions out of "any JSON value".
  {
    why: 'settings are any JSON value',
    place: /^capabilities\.(experimental|extensions)\b.+\.(on|setting)/,
    to: /^a fraction$/,
  },
];

describe('a check and the official schema', () => {
  const used = new Set<string>();

  it.each(SHAPES)('agree on $definition of $revision', ({ definition, revision, check, whole }) => {
    const isOfficial = officialVerdict(definition, revision);
    expect({ ours: check(whole), official: isOfficial(whole) }).toEqual({ ours: undefined, official: true });
    const disagreements: string[] = [];
    for (const at of places(whole)) {
      for (const [to, replacement] of REPLACEMENTS) {
        const value = changed(whole, at, replacement);
        const found = check(value);
        if ((found === undefined) === isOfficial(value)) continue;
        const place = dotted(at);
        // `null` for an optional field is the same as none.
        if (found === undefined && to === 'null' && check(changed(whole, at, REMOVED)) === undefined) continue;
        const leniency = LENIENCIES.find((one) => one.place.test(place) && one.to.test(to));
        if (found === undefined && leniency !== undefined) used.add(leniency.why);
        else disagreements.push(`${place}, ${to}: ${found === undefined ? 'accepted' : `must be ${found.expected}`}`);
      }
    }
    expect(disagreements).toEqual([]);
  });

  it('differ in every listed leniency', () => {
    expect([...used].sort()).toEqual(LENIENCIES.map(({ why }) => why).sort());
  });
});

describe('every check', () => {
  it.each(SHAPES)('of $definition ($revision) lets unknown fields pass anywhere', ({ check, whole }) => {
    const add = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(add);
      if (typeof value !== 'object' || value === null) return value;
      const fields = Object.entries(value).map(([key, inner]): [string, unknown] => [key, add(inner)]);
      // An object, since settings and capabilities hold objects under the keys of others.
      return { ...Object.fromEntries(fields), unknownField: {} };
    };
    expect(check(add(whole))).toBeUndefined();
  });

  it.each(SHAPES)('of $definition ($revision) takes null for every field that may be missing', ({ check, whole }) => {
    const strict = [...places(whole)].filter(
      (at) => check(changed(whole, at, REMOVED)) === undefined && check(changed(whole, at, null)) !== undefined,
    );
    // Items of an array may be missing, but not be null.
    expect(strict.map(dotted).filter((place) => !place.endsWith(']'))).toEqual([]);
  });

  it.each(SHAPES)(
    'of $definition ($revision) names the field that is wrong, but never its value',
    ({ check, whole }) => {
      const secret = { secret: 's3cret' };
      for (const at of places(whole)) {
        for (const wrong of ['s3cret', secret, [secret]]) {
          const found = check(changed(whole, at, wrong));
          if (found === undefined) continue;
          expect(JSON.stringify(found)).not.toContain('s3cret');
          // The problem may show beside the changed field, since what a block holds decides which block it is, or around it.
          const nearby = found.path.startsWith(dotted(at.slice(0, -1))) || dotted(at).startsWith(found.path);
          expect({ changed: dotted(at), path: found.path, nearby }).toMatchObject({ nearby: true });
        }
      }
    },
  );

  it.each(SHAPES)('of $definition ($revision) refuses values that are not objects', ({ definition, check }) => {
    for (const [value, received] of [
      ['text', 'a string'],
      [0, 'a number'],
      [false, 'a boolean'],
      [[], 'an array'],
    ]) {
      expect(check(value)).toEqual({ path: '', expected: 'an object', received });
    }
    // Only a list_changed may come without parameters.
    expect(check(undefined) === undefined).toBe(definition === 'NotificationParams');
  });
});

describe('the official examples', () => {
  const checks: Readonly<Record<string, ResultCheck>> = {
    ...Object.fromEntries(
      SHAPES.filter(({ revision }) => revision === MODERN).map((shape) => [shape.definition, shape.check]),
    ),
    InputRequiredResult: checkInputRequiredResult,
    CancelledNotification: checkCancelledParams,
    LoggingMessageNotification: checkLoggingMessageParams,
    ProgressNotification: checkProgressParams,
    PromptListChangedNotification: checkListChangedParams,
    ResourceListChangedNotification: checkListChangedParams,
    ResourceUpdatedNotification: checkResourceUpdatedParams,
    SubscriptionsAcknowledgedNotification: checkSubscriptionsAcknowledgedParams,
    ToolListChangedNotification: checkListChangedParams,
  };
  /** Results that a client sends. */
  const ofClients = ['CreateMessageResult', 'ElicitResult', 'ListRootsResult'];
  const examples = readExamples().filter(
    ({ type }) => /(Result|ResultResponse|Notification|NotificationParams)$/.test(type) && !ofClients.includes(type),
  );

  it('are there', () => {
    expect(examples.length).toBeGreaterThan(30);
  });

  it.each(examples)('$file passes its check', ({ type, value }) => {
    const check = checks[type.replace(/Response$/, '')];
    const checked = type.endsWith('Response') ? value.result : type.endsWith('Notification') ? value.params : value;
    expect(check).toBeDefined();
    expect(checked).toBeDefined();
    expect(check?.(checked)).toBeUndefined();
  });
});
