import { DEFAULT_MAX_HELD_BYTES, DEFAULT_MAX_PENDING_REPLIES } from '../../util/budget.js';
import { DEFAULT_MAX_LIST_BYTES, DEFAULT_MAX_PAGES } from '../../protocol/pagination.js';
import { DEFAULT_MAX_PROBLEMS_PER_SECOND } from '../problem-rate.js';
import { optionNames } from '../../option-checks.js';
import type { OptionReader } from '../../option-checks.js';

/** How much a server may cost a client, beyond what the transport reads of it. */
export interface ClientLimits {
  /** Pages of one list; more of them are an error with code `MCP_PAGINATION`. Default 1 000. */
  readonly maxPages?: number | undefined;
  /**
   * Bytes of memory, about, that all pages of a list may take together; more of them are an error with code `MCP_PAGINATION`. Where a list is
   * iterated over, its pages are not kept, and only its cursors count. Default 64 MiB (67 108 864).
   */
  readonly maxListBytes?: number | undefined;
  /**
   * Milliseconds that compiling an output schema, and holding an output against it, may take. A schema that takes longer cannot be used: its
   * outputs are handed out with a warning and not checked any more. The first 100 ms are taken in the thread of the caller, once for each
   * schema; what needs longer is done in a worker thread and blocks nothing. Default 2 000. 2026-07-28 basic/index, "JSON Schema Usage".
   */
  readonly validationTime?: number | undefined;
  /**
   * Handlers of server requests (sampling, elicitation, roots) that are at work at the same time. A handler counts until it has settled, also
   * when its signal is aborted. Beyond that a legacy server is refused; what a modern one needs for a call waits its turn, and the call fails
   * with `MCP_INPUT_LIMIT` if it needs more than this at once. Default 100.
   */
  readonly maxServerRequests?: number | undefined;
  /**
   * How often a server may ask for something before it answers a call; once more, and the call fails with `MCP_INPUT_LIMIT`. Default 10.
   * 2026-07-28 basic/patterns/mrtr.
   */
  readonly maxInputRounds?: number | undefined;
  /**
   * Bytes that are held for the connection at the same time: unfinished bodies, lines and events of more than 64 KiB, lists that are kept, what
   * server requests carry while they are handled, and messages that wait to be sent. Whatever asks for more fails with `MCP_MEMORY_LIMIT`, and
   * nothing else does. Default 256 MiB (268 435 456).
   */
  readonly maxHeldBytes?: number | undefined;
  /**
   * Replies that wait for the server to read them. Beyond that its requests are ignored until it reads, with one `error` event
   * (`MCP_QUEUE_FULL`). Default 1 000.
   */
  readonly maxPendingReplies?: number | undefined;
  /**
   * `error` and `warning` events in one second. Those beyond it are counted, and told when the second is over: one event for each code, with
   * `details.count` and the text of the first. Default 100.
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

/** A schema of good will is compiled long before, also on a machine that is busy with other things. */
const LONGEST_VALIDATION = 2_000;

function adviceFor(name: string): string | undefined {
  return name === 'maxMessageBytes' ? ': it is a limit of the transport' : undefined;
}

/** Reads the option `limits`; limits that are not given have their defaults. */
export function clientLimits(options: OptionReader<{ limits?: ClientLimits | undefined }>): ResolvedClientLimits {
  const read = options.inside<ClientLimits>('limits', NAMES, { advice: adviceFor });
  return {
    maxPages: read.count('maxPages', DEFAULT_MAX_PAGES),
    maxListBytes: read.count('maxListBytes', DEFAULT_MAX_LIST_BYTES),
    validationTime: read.milliseconds('validationTime', LONGEST_VALIDATION),
    maxServerRequests: read.count('maxServerRequests', 100),
    maxInputRounds: read.count('maxInputRounds', 10),
    maxHeldBytes: read.count('maxHeldBytes', DEFAULT_MAX_HELD_BYTES),
    maxProblemsPerSecond: read.count('maxProblemsPerSecond', DEFAULT_MAX_PROBLEMS_PER_SECOND),
    maxPendingReplies: read.count('maxPendingReplies', DEFAULT_MAX_PENDING_REPLIES),
  };
}
