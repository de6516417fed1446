import { beginning } from '../util/beginning.js';
import { Redaction } from '../diagnostics/redaction.js';
import { excerpt } from './excerpt.js';
import type { RequestLabel } from './records.js';

/** Characters of the JSON that is kept of one event or message. */
const LONGEST_DETAIL = 1_000;

/** Characters of a name in a row of the page. */
const LONGEST_NAME = 80;

/** Decides what of the things that a client exchanges may be seen. Nothing else makes text of them. */
export class Disclosure {
  #redaction: Redaction | undefined;
  #hide = (text: string): string => text;

  /** @param redact whether secrets are hidden */
  constructor(redact: boolean) {
    // An excerpt is small; the pseudonyms of a long session are not all remembered.
    this.#redaction = redact ? new Redaction({ remember: 10_000 }) : undefined;
  }

  /** The same for a client that has secrets of its own. */
  of(hide: ((text: string) => string) | undefined): Disclosure {
    if (hide === undefined) return this;
    const own = new Disclosure(false);
    own.#hide = hide;
    own.#redaction = this.#redaction?.beside((text) => hide(text) !== text);
    return own;
  }

  /** What goes over a link. */
  message(message: unknown): unknown {
    const part = excerpt(message);
    return this.#redaction === undefined ? part : this.#redaction.message(part);
  }

  /** What an actor is sent. */
  internal(event: unknown): unknown {
    const part = excerpt(event);
    return this.#redaction === undefined ? part : this.#redaction.internal(part);
  }

  /** Why something failed: its code and, unless texts are hidden, what it says. */
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

  /** A method and what it is about, where that may be seen. */
  label(method: string, params: unknown, own: boolean): RequestLabel {
    const { name, uri } = (params ?? {}) as { name?: unknown; uri?: unknown };
    const shown = this.message({ jsonrpc: '2.0', method, params: { name, uri } });
    return { ...named(shown), own };
  }
}

/** The method of a message that may be seen, and what it is about. */
export function named(message: unknown): { method: string; about?: string } {
  const { method, params } = message as { method?: unknown; params?: { name?: unknown; uri?: unknown } };
  const about = params?.name ?? params?.uri;
  return {
    method: typeof method === 'string' ? short(method) : '?',
    // What is hidden tells a reader nothing.
    ...(typeof about === 'string' && !/^(?:‹|redacted:)/.test(about) && { about: short(about) }),
  };
}

/** What is shown of something as JSON. */
export function detail(shown: unknown): string {
  const text = JSON.stringify(shown) ?? '';
  return text.length > LONGEST_DETAIL ? `${beginning(text, LONGEST_DETAIL)}…` : text;
}

/** The beginning of a name. */
export function short(name: string): string {
  return name.length > LONGEST_NAME ? `${beginning(name, LONGEST_NAME)}…` : name;
}
