import { describeAge } from '../util/age.js';
import type { Failure } from '../util/failure.js';
import { describeFrame } from './frame-log.js';
import type { Frame } from './frame-log.js';
import type { Circumstances } from './hints.js';
import { barred } from '../util/printable.js';

/** A change of state and when it happened, in milliseconds since the Unix epoch. */
export interface StateChange {
  readonly from: string;
  readonly to: string;
  readonly at: number;
}

/** Something that went wrong and ended nothing. */
export interface Problem {
  readonly failure: Failure;
  readonly at: number;
}

/** What had happened to a connection when an error was made, so that the error tells it by itself. */
export interface Story {
  /** When it was written down, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The innermost state. */
  readonly path: string;
  /** The last changes of state, the newest last. */
  readonly changes: readonly StateChange[];
  /** The last messages, the newest last. */
  readonly frames: readonly Frame[];
  /** The last problem that ended nothing. */
  readonly problem: Problem | undefined;
}

/** A problem that is older than this many milliseconds has little to do with what happened last. */
const RECENT = 60_000;

/** The story in lines for a person. `since` follows each age: `ago` for what is told now, `before` for what was written down. */
export function storyLines({ at, changes, frames, problem }: Story, since: 'ago' | 'before'): string[] {
  const age = (then: number): string => `${describeAge(at - then)} ${since}`;
  const lines = changes.map((change) => `${change.from} → ${change.to}, ${age(change.at)}`);
  if (frames.length > 0) {
    lines.push('Last messages:', ...frames.map((frame) => `  ${describeFrame(frame)}, ${age(frame.at)}`));
  }
  if (problem !== undefined && at - problem.at < RECENT) {
    const { message, code } = problem.failure;
    lines.push(`Last problem: ${message} [${code}], ${age(problem.at)}`);
  }
  return lines.map((line) => barred(line, /^ */.exec(line)?.[0] ?? ''));
}

/** What of a story decides what can be done. */
export function circumstancesOf({ at, changes, problem }: Story): Circumstances {
  // What is closed was something else when it failed.
  const newest = changes.at(-1);
  const noisy = problem !== undefined && at - problem.at < RECENT && problem.failure.code === 'MCP_INVALID_JSON';
  return {
    state: newest?.to === 'closed' || newest?.to === 'reconnecting' ? newest.from : newest?.to,
    // Only lines that a process prints are told with what was in them.
    noise: noisy && problem.failure.details?.excerpt !== undefined,
  };
}
