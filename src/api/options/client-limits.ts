import { DEFAULT_MAX_HELD_BYTES, DEFAULT_MAX_PENDING_REPLIES } from '../../util/budget.js';
import { DEFAULT_MAX_LIST_BYTES, DEFAULT_MAX_PAGES } from '../../protocol/pagination.js';
import { DEFAULT_MAX_PROBLEMS_PER_SECOND } from '../problem-rate.js';
import { optionNames } from '../../option-checks.js';
import type { OptionReader } from '../../option-checks.js';

/** Limits of what a server may cost the client. The size of its messages is a limit of the transport. */
export interface ClientLimits {
  /** Maximum number of pages of a list. A longer list is an error with code `MCP_PAGINATION`. Default 1 000. */
  readonly maxPages?: number | undefined;
  /**
   * Maximum size of all pages of a list, in bytes of memory (approximately). A larger list is an error with code `MCP_PAGINATION`. An
   * iteration does not keep its pages, so only its cursors count. Default 64 MiB (67 108 864).
   */
  readonly maxListBytes?: number | undefined;
  /**
   * Maximum time to compile an output schema, and to validate an output with it, in ms. Outputs of a slower schema are returned without
   * validation, with a `warning`. A check that takes more than 100 ms continues in a worker thread, and blocks nothing. Default 2 000.
   * 2026-07-28 basic/index, "JSON Schema Usage".
   */
  readonly validationTime?: number | undefined;
  /**
   * Maximum number of handlers of server requests (sampling, elicitation, roots) that run at once. A handler counts until it settles, also
   * after its signal is aborted. Further requests of a legacy server are refused. Further inputs for a modern server are queued; a call
   * that needs more inputs than this at once fails with `MCP_INPUT_LIMIT`. Default 100.
   */
  readonly maxServerRequests?: number | undefined;
  /**
   * How many times a server may respond to a call with `input_required`. After one more the call fails with `MCP_INPUT_LIMIT`. Default 10.
   * 2026-07-28 basic/patterns/mrtr.
   */
  readonly maxInputRounds?: number | undefined;
  /**
   * Maximum memory that the connection holds at once, in bytes: incomplete bodies, lines and events of more than 64 KiB, cached lists,
   * params of server requests while their handlers run, and messages that wait to be sent. An operation that exceeds it fails with
   * `MCP_MEMORY_LIMIT`; others continue. Default 256 MiB (268 435 456).
   */
  readonly maxHeldBytes?: number | undefined;
  /**
   * Maximum number of replies that wait until the server reads them. Beyond it, requests of the server are ignored until it reads, with one
   * `error` event (`MCP_QUEUE_FULL`). Default 1 000.
   */
  readonly maxPendingReplies?: number | undefined;
  /**
   * Maximum number of `error` and `warning` events in a second. Further ones are counted and combined at the end of the second: one event
   * for each code, with `details.count` and the text of the first. Default 100.
   */
  readonly maxProblemsPerSecond?: number | undefined;
}

const NAMES = optionNames<ClientLimits>({
  maxPages: true,
  maxListBytes: true,
  validationTime: true,
  maxServerRequests: true,
  maxInputRounds: true,
  maxHeldBytes: true,
  maxPendingReplies: true,
  maxProblemsPerSecond: true,
});

/** All limits with their defaults. */
export type ResolvedClientLimits = Readonly<Record<keyof ClientLimits, number>>;

/** Much longer than ordinary schemas take, also on a busy machine, in ms. */
const DEFAULT_VALIDATION_TIME = 2_000;

function adviceFor(name: string): string | undefined {
  return name === 'maxMessageBytes' ? ': it is a limit of the transport' : undefined;
}

/** Reads the option `limits` and adds the defaults. */
export function clientLimits(options: OptionReader<{ limits?: ClientLimits | undefined }>): ResolvedClientLimits {
  const read = options.inside<ClientLimits>('limits', NAMES, { advice: adviceFor });
  return {
    maxPages: read.count('maxPages', DEFAULT_MAX_PAGES),
    maxListBytes: read.count('maxListBytes', DEFAULT_MAX_LIST_BYTES),
    validationTime: read.milliseconds('validationTime', DEFAULT_VALIDATION_TIME),
    maxServerRequests: read.count('maxServerRequests', 100),
    maxInputRounds: read.count('maxInputRounds', 10),
    maxHeldBytes: read.count('maxHeldBytes', DEFAULT_MAX_HELD_BYTES),
    maxProblemsPerSecond: read.count('maxProblemsPerSecond', DEFAULT_MAX_PROBLEMS_PER_SECOND),
    maxPendingReplies: read.count('maxPendingReplies', DEFAULT_MAX_PENDING_REPLIES),
  };
}
