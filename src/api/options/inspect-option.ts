import type { TapEvent } from '../../machines/connection/link-tap.js';
import { invalidOption } from '../../option-checks.js';

/** Receives the inspection events of XState. */
export type InspectObserver = ((event: unknown) => void) | { next?(event: unknown): void };

/**
 * An inspector: a function, an observer, or an object with `inspect`, such as the result of `createWebSocketInspector()`. Its `tap` also
 * receives the messages and events of links.
 *
 * The inspector receives copies in which arguments, results, texts, URIs and tokens are replaced by pseudonyms. With `redact: false` it
 * receives the events of XState themselves, secrets included.
 *
 * `attach`, as in `mcp-actors/inspect`, is called once for each connection. Its result is used instead, and receives the events with
 * secrets, which it must hide itself.
 */
export type InspectTarget =
  | InspectObserver
  | {
      inspect: InspectObserver;
      tap?(event: TapEvent): void;
      /** Whether secrets are hidden. Default true. */
      readonly redact?: boolean | undefined;
      attach?(about: InspectedConnection): {
        readonly inspect: InspectObserver;
        readonly tap?: ((event: TapEvent) => void) | undefined;
        /**
         * Whether actors of settled requests are reused, as without an inspector, which costs far less. Such an actor does not stop, and
         * its snapshot is one object that changes. Default false: each request has its own actor.
         */
        readonly pooled?: boolean | undefined;
      };
    };

/** The connection that an inspector is attached to. */
export interface InspectedConnection {
  /** The name of an {@link MCPConnection}; undefined for a client without one. */
  readonly name: string | undefined;
  /** The class name of the transport. */
  readonly transport: string;
  /**
   * Removes the secrets that were sent to the server from a text: tokens, values of headers and of environment variables. Returns the same
   * text if it contains none. Call it before you show a text.
   */
  readonly hide?: ((text: string) => string) | undefined;
  /** The recording that is replayed; undefined for a connection to a server. */
  readonly recording?: InspectedRecording | undefined;
}

/** The recording of a replay, for an inspector. */
export interface InspectedRecording {
  /** Whether its secrets are pseudonyms already. */
  readonly redacted: boolean;
  /** The current time of the replay, in milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves when the replay is over, with a remark about its end, if there is one. Never rejects. */
  readonly over: Promise<string | undefined>;
}

/**
 * Checks the option `inspect`. Without this check an invalid value, after a wrong import for instance, would have no effect and no error.
 * @throws MCPError with code `MCP_INVALID_PARAMS`
 */
export function checkedInspector(given: InspectTarget | undefined): InspectTarget | undefined {
  if (given === undefined) return undefined;
  const target: unknown = given;
  const inspect: unknown = hasInspect(target) ? target.inspect : target;
  if (!isInspectObserver(inspect)) {
    throw invalidOption(
      'inspect',
      'an inspector: a function, an object with `next`, or one with either as `inspect`',
      given,
    );
  }
  if (hasInspect(target) && typeof (target.redact ?? true) !== 'boolean') {
    throw invalidOption('inspect.redact', 'a boolean', target.redact);
  }
  return given;
}

function hasInspect(target: unknown): target is { inspect: unknown; redact?: unknown } {
  return typeof target === 'object' && target !== null && 'inspect' in target;
}

function isInspectObserver(inspect: unknown): boolean {
  if (typeof inspect === 'function') return true;
  return typeof inspect === 'object' && inspect !== null && typeof (inspect as { next?: unknown }).next === 'function';
}
