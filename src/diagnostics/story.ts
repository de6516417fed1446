import { describeAge } from '../util/age.js';
import type { Failure } from '../util/failure.js';
import { describeFrame } from './frame-log.js';
import type { Frame } from './frame-log.js';
import type { Circumstances } from './hintable.js';
import { barred } from '../util/printable.js';

/** A state transition. `at` is in ms since the Unix epoch. */
export interface StateChange {
  readonly from: string;
  readonly to: string;
  readonly at: number;
}

/** A failure that did not end a call or the connection. */
export interface Problem {
  readonly failure: Failure;
  readonly at: number;
}

/** The recent history of a connection, kept with an error for `explain()`. */
export interface Story {
  /** When the error was made, in ms since the Unix epoch. */
  readonly at: number;
  /** The path of the current state, such as `linked.established.ready`. */
  readonly path: string;
  /** The last state transitions, newest last. */
  readonly changes: readonly StateChange[];
  /** The last messages, newest last. */
  readonly frames: readonly Frame[];
  /** The last problem, if any. */
  readonly problem: Problem | undefined;
}

/** Older problems are not shown, because they are probably unrelated. In ms. */
const RECENT = 60_000;

/** Formats a story in lines. `since` follows each age: `ago` for the present, `before` for the time of an error. */
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

/** The circumstances that select a hint. */
export function circumstancesOf({ at, changes, problem }: Story): Circumstances {
  // A connection that is closed or reconnecting failed in the state before.
  const newest = changes.at(-1);
  const noisy = problem !== undefined && at - problem.at < RECENT && problem.failure.code === 'MCP_INVALID_JSON';
  return {
    state: newest?.to === 'closed' || newest?.to === 'reconnecting' ? newest.from : newest?.to,
    // Only failures about a printed line have an excerpt.
    noise: noisy && problem.failure.details?.excerpt !== undefined,
  };
}
