import { USER_AGENT } from '../util/package.js';
import { percentDecoded } from '../util/percent-decoding.js';
import { isSafeVariable } from './stdio/child-environment.js';
import type { EnvironmentVariables, InheritEnv } from './stdio/child-environment.js';

/** Names of variables, options and headers whose values are secrets. */
const SECRET_NAME =
  /key|token|secret|passw|passphrase|pwd|credential|auth(?!or(?!i[sz]))|bearer|cookie|jwt|(?:^|[^a-z])pat(?:$|[^a-z])/i;

/** Maximum number of texts that are read from one JSON value. */
const MAX_IN_JSON = 200;

/**
 * The secrets in the headers of a request: all values and their parts.
 * @param headers names and values, alternating
 */
export function* headerSecrets(headers: readonly string[]): Iterable<string> {
  for (let at = 1; at < headers.length; at += 2) {
    const value = headers[at] ?? '';
    if (value === USER_AGENT) continue;
    yield* valueSecrets(value);
    for (const part of value.split(/[\s,;]+/)) {
      yield part;
      yield part.slice(part.indexOf('=') + 1).replace(/^"|"$/g, '');
    }
    const credentials = /^Basic\s+(\S+)$/i.exec(value)?.[1];
    if (credentials !== undefined) yield* pairSecrets(Buffer.from(credentials, 'base64').toString());
  }
}

/** The secrets in `name:password`. */
function* pairSecrets(credentials: string): Iterable<string> {
  const colon = credentials.indexOf(':');
  yield credentials;
  yield credentials.slice(0, Math.max(colon, 0));
  yield credentials.slice(colon + 1);
}

/** The secrets in a URL: its credentials and the values of its query, encoded and decoded. */
export function* urlSecrets({ username, password, search, searchParams }: URL): Iterable<string> {
  for (const part of [username, password]) yield* [part, percentDecoded(part)];
  for (const pair of search.slice(1).split('&')) yield pair.slice(pair.indexOf('=') + 1);
  // A key without a value may be a secret.
  for (const [name, value] of searchParams) yield value === '' ? name : value;
}

/** A secret value and its parts, because a server may print only a part: a line, a password, a field. */
function* valueSecrets(value: string): Iterable<string> {
  yield value;
  if (value.includes('\n')) yield* value.split(/\r?\n/);
  // The part after an authentication scheme, such as `Bearer`.
  const [, afterScheme] = /^[A-Za-z][\w-]*\s+(\S+)$/.exec(value) ?? [];
  if (afterScheme !== undefined) yield afterScheme;
  if (value.includes('://') && URL.canParse(value)) yield* urlSecrets(new URL(value));
  if (/^\s*[[{"]/.test(value)) yield* jsonSecrets(value);
}

function* jsonSecrets(text: string): Iterable<string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return;
  }
  const waiting: unknown[] = [parsed];
  for (let count = 0; waiting.length > 0 && count < MAX_IN_JSON; count++) {
    const one = waiting.pop();
    if (typeof one === 'object' && one !== null)
      waiting.push(...Object.values(one as Record<string, unknown>).slice(0, MAX_IN_JSON));
    else if (typeof one === 'string' && one !== text) yield* valueSecrets(one);
  }
}

/**
 * The secrets in the environment of a server: the given values, the values of variables that are inherited by name, and with `'all'` the
 * values of inherited variables whose names look secret. Variables of the list `'safe'` contain no secrets.
 *
 * @param parent the environment of this process
 */
export function* environmentSecrets(
  env: EnvironmentVariables | undefined,
  inherit: InheritEnv,
  parent: EnvironmentVariables,
): Iterable<string> {
  const inherited =
    typeof inherit === 'object'
      ? inherit
      : inherit === 'all'
        ? Object.keys(parent).filter((name) => SECRET_NAME.test(name))
        : [];
  const variables = [...inherited.map((name) => [name, parent[name]] as const), ...Object.entries(env ?? {})];
  for (const [name, value] of variables) {
    if (value !== undefined && !isSafeVariable(name)) yield* valueSecrets(value);
  }
}

/**
 * The secrets in the arguments of a server: values after names such as `--api-key`, `--token=…`, `DB_PASSWORD=…` or `Authorization: …`, and
 * credentials in URLs.
 */
export function* argumentSecrets(args: readonly string[]): Iterable<string> {
  for (const [at, argument] of args.entries()) {
    const [, name, value] = /^([\w.-]+)\s*[=:]\s*([^]*)$/.exec(argument) ?? [];
    if (argument.includes('://') && URL.canParse(argument)) yield* urlSecrets(new URL(argument));
    else if (name !== undefined && value !== undefined && SECRET_NAME.test(name)) yield* headerSecrets([name, value]);
    else if (name !== undefined && value?.includes('://') === true && URL.canParse(value))
      yield* urlSecrets(new URL(value));
    const before = args[at - 1] ?? '';
    if (/^--?[\w.-]+$/.test(before) && SECRET_NAME.test(before) && !argument.startsWith('--'))
      yield* headerSecrets([before, argument]);
  }
}
