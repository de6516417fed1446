import type { TapEvent } from '../../machines/connection/link-tap.js';
import type { MCPError } from '../../errors.js';

/** A line of stdout that is not JSON. */
export interface Noise {
  /** The number of the line, counted from 1. Blank lines are not counted. */
  readonly line: number;
  readonly text: string;
}

/** What the server responded to a request of the negotiation. */
export interface Response {
  readonly method: string;
  /** The time from the request to the response, in ms. */
  readonly took: number;
  readonly result?: Readonly<Record<string, unknown>> | undefined;
  readonly error?: { readonly code?: unknown; readonly message?: unknown } | undefined;
}

/** The most lines and problems that are kept: a server may write any number. */
const MOST = 20;
/** The most requests that wait for a response. */
const MOST_REQUESTS = 1_000;

interface Message {
  readonly method?: unknown;
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** Observes the link of a client. */
export class Observation {
  readonly noise: Noise[] = [];
  /** All lines that are not JSON, also the ones that were not kept. */
  noisy = 0;
  readonly responses: Response[] = [];
  readonly warnings: MCPError[] = [];
  /** How many requests were sent, by method. */
  readonly sent = new Map<string, number>();
  readonly #waiting = new Map<unknown, { readonly method: string; readonly at: number }>();
  #openedAt: number | undefined;
  #firstAt: number | undefined;
  #lines = 0;

  /** The time from the start to the first byte of stdout, in ms; undefined without a byte. Over HTTP: to the first message. */
  get firstByte(): number | undefined {
    return this.#firstAt === undefined ? undefined : Math.round(this.#firstAt - (this.#openedAt ?? this.#firstAt));
  }

  /** How long the server has been running, in ms. */
  get running(): number {
    return Math.round(performance.now() - (this.#openedAt ?? performance.now()));
  }

  readonly tap = (event: TapEvent): void => {
    switch (event.type) {
      case 'link.opening':
        this.#openedAt ??= performance.now();
        return;
      case 'message.out':
        return this.#out(event.message);
      case 'message.in':
        this.#received();
        return this.#in(event.message ?? {});
      case 'link.problem': {
        const { details } = event.failure;
        // Only failures about a printed line have an excerpt.
        if (typeof details?.excerpt !== 'string') return;
        this.#received();
        this.noisy += 1;
        if (this.noise.length < MOST) this.noise.push({ line: this.#lines, text: details.excerpt });
        return;
      }
      default:
        return;
    }
  };

  readonly warned = (problem: MCPError): void => {
    if (this.warnings.length < MOST) this.warnings.push(problem);
  };

  #received(): void {
    this.#firstAt ??= performance.now();
    this.#lines += 1;
  }

  #out({ method, id }: Message): void {
    if (typeof method !== 'string') return;
    if (this.sent.size < MOST_REQUESTS) this.sent.set(method, (this.sent.get(method) ?? 0) + 1);
    if (id != null && this.#waiting.size < MOST_REQUESTS) this.#waiting.set(id, { method, at: performance.now() });
  }

  #in({ method, id, result, error }: Message): void {
    const request = method === undefined ? this.#waiting.get(id) : undefined;
    if (request === undefined) return;
    this.#waiting.delete(id);
    if (this.responses.length >= MOST || !NEGOTIATION.has(request.method)) return;
    this.responses.push({
      method: request.method,
      took: Math.round(performance.now() - request.at),
      result: isObject(result) ? result : undefined,
      error: isObject(error) ? error : undefined,
    });
  }
}

/** The requests that negotiate a session. */
const NEGOTIATION: ReadonlySet<string> = new Set(['server/discover', 'initialize']);

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
