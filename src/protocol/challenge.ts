/** One challenge of a WWW-Authenticate header. RFC 9110, 11.6.1. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Whether a text is the name of a scope. RFC 6749, 3.3. */
export function isScope(text: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text);
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const BLANKS = /[ \t]*/y;
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;

/** Reads the text from left to right. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  get position(): number {
    return this.#at;
  }

  back(position: number): void {
    this.#at = position;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }

  takeChar(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  skip(): void {
    this.#at += 1;
  }
}

/**
 * The challenges of a WWW-Authenticate header, in their order. Several headers may be joined by commas, or given as a list. Invalid parts are
 * left out.
 */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const scanner = new Scanner(typeof header === 'object' ? header.join(', ') : (header ?? ''));
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  while (!scanner.done) {
    scanner.take(BLANKS);
    if (scanner.takeChar(',')) continue;
    const parameter = takeParameter(scanner);
    if (parameter !== undefined) {
      const [name, value] = parameter;
      const current = challenges.at(-1)?.parameters;
      // The first of two wins, as in most parsers: the second may be an attempt to override it.
      if (current?.has(name) === false) current.set(name, value);
      continue;
    }
    const scheme = scanner.take(TOKEN)?.[0];
    if (scheme === undefined) {
      scanner.skip();
      continue;
    }
    challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    scanner.take(BLANKS);
    const start = scanner.position;
    if (takeParameter(scanner) !== undefined) scanner.back(start);
    else scanner.take(TOKEN68);
  }
  return challenges;
}

/** `name = value` at this place, or nothing. */
function takeParameter(scanner: Scanner): [string, string] | undefined {
  const start = scanner.position;
  const name = scanner.take(TOKEN)?.[0];
  scanner.take(BLANKS);
  if (name !== undefined && scanner.takeChar('=')) {
    scanner.take(BLANKS);
    const quoted = scanner.take(QUOTED);
    const value = quoted === undefined ? scanner.take(TOKEN)?.[0] : quoted[1]?.replace(/\\([\s\S])/g, '$1');
    if (value !== undefined) return [name.toLowerCase(), value];
  }
  scanner.back(start);
  return undefined;
}

/** Schemes that carry tokens, the best first. */
const PREFERRED = ['bearer', 'dpop'];

/** The authorization that a server requires after a refusal. 2025-11-25 basic/authorization. */
export interface Demand {
  /** In lower case; undefined when there was no challenge. */
  readonly scheme: string | undefined;
  readonly requiredScope: string | undefined;
  readonly resourceMetadata: string | undefined;
  readonly error: string | undefined;
}

/** The requirement of the challenge that this client supports best. */
export function demandOf(header: string | readonly string[] | undefined): Demand {
  const challenges = parseChallenges(header);
  const preferred = PREFERRED.map((scheme) => challenges.find((one) => one.scheme === scheme));
  const chosen = preferred.find((one) => one !== undefined) ?? challenges[0];
  return {
    scheme: chosen?.scheme,
    requiredScope: chosen?.parameters.get('scope'),
    resourceMetadata: chosen?.parameters.get('resource_metadata'),
    error: chosen?.parameters.get('error'),
  };
}
