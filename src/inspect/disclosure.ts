import { beginning } from '../util/beginning.js';
import { Redaction } from '../diagnostics/redaction.js';
import { excerpt } from './excerpt.js';
import type { RequestLabel } from './records.js';

/** Maximum length of the JSON of an event or message, in characters. */
const MAX_DETAIL = 1_000;

/** Maximum length of a name in a row of the page, in characters. */
const MAX_NAME = 80;

/** Makes the texts that the page shows of messages, events and failures, with secrets hidden. All texts of the page are made here. */
export class Disclosure {
  #redaction: Redaction | undefined;
  #hide = (text: string): string => text;

  /** @param redact whether secrets are hidden */
  constructor(redact: boolean) {
    // Only the last pseudonyms of a long session are remembered.
    this.#redaction = redact ? new Redaction({ remember: 10_000 }) : undefined;
  }

  /** The same for a client with its own secrets. */
  of(hide: ((text: string) => string) | undefined): Disclosure {
    if (hide === undefined) return this;
    const own = new Disclosure(false);
    own.#hide = hide;
    own.#redaction = this.#redaction?.beside((text) => hide(text) !== text);
    return own;
  }

  /** The visible part of a message. */
  message(message: unknown): unknown {
    const part = excerpt(message);
    return this.#redaction === undefined ? part : this.#redaction.message(part);
  }

  /** The visible part of an event of an actor. */
  internal(event: unknown): unknown {
    const part = excerpt(event);
    return this.#redaction === undefined ? part : this.#redaction.internal(part);
  }

  /** The code of a failure and, unless texts are hidden, its message. */
  failure(failure: unknown): string | undefined {
    const part = excerpt(failure);
    if (typeof part !== 'object' || part === null) return undefined;
    if (this.#redaction === undefined) {
      const { code, message } = part as { code?: unknown; message?: unknown };
      return this.#hide([code, message].filter((one) => typeof one === 'string').join(': '));
    }
    const { code, delivery } = this.#redaction.failure(part) as { code?: unknown; delivery?: unknown };
    return [code, delivery].filter((one) => typeof one === 'string').join(', ');
  }

  /** The method of a request, with the visible name or URI in its parameters. */
  label(method: string, params: unknown, own: boolean): RequestLabel {
    const { name, uri } = (params ?? {}) as { name?: unknown; uri?: unknown };
    const shown = this.message({ jsonrpc: '2.0', method, params: { name, uri } });
    return { ...named(shown), own };
  }
}

/** The method of a visible message, with the name or URI in its parameters. */
export function named(message: unknown): { method: string; about?: string } {
  const { method, params } = message as { method?: unknown; params?: { name?: unknown; uri?: unknown } };
  const about = params?.name ?? params?.uri;
  return {
    method: typeof method === 'string' ? short(method) : '?',
    // A pseudonym is not useful to a reader.
    ...(typeof about === 'string' && !/^(?:‹|redacted:)/.test(about) && { about: short(about) }),
  };
}

/** The JSON of a visible value, shortened. */
export function detail(shown: unknown): string {
  const text = JSON.stringify(shown) ?? '';
  return text.length > MAX_DETAIL ? `${beginning(text, MAX_DETAIL)}…` : text;
}

/** A name, shortened. */
export function short(name: string): string {
  return name.length > MAX_NAME ? `${beginning(name, MAX_NAME)}…` : name;
}
