import { basename } from 'node:path';

import { optionNames, refuseUnknownOptions } from '../../option-checks.js';
import { inspectionFor } from '../../api/inspection.js';
import type { InspectTarget } from '../../api/options/inspect-option.js';
import { RecordedConnection } from '../../recording/recorded-connection.js';
import { entryLine, parseLine } from '../../recording/recording-lines.js';
import type { RecordedOutcome, RecordedEvent, RecordedEntry, RecordingSink } from '../../recording/recorded-events.js';
import { Budget } from '../../util/budget.js';
import { checkRecording, readRecording } from '../recording-reader.js';
import type { Recording } from '../recording-reader.js';
import { INPUTS, ReplayedInputs } from './replayed-inputs.js';
import { ReplayEnvironment } from './replay-environment.js';
import { ReplayTransport } from './replay-transport.js';
import type { ReplayScript } from './replay-transport.js';
import { describeEnd } from './replay-remark.js';
import type { Divergence } from './replay-remark.js';
import { RedactedComparison } from './redacted-comparison.js';
import { Settleable } from './settleable.js';
import { SimulatedEnvironment } from '../simulated-environment.js';

/** A call of the recording and its outcome in the replay. */
export interface ReplayedCall {
  readonly call: number;
  /** The type of the entry, such as `connect`; for a request with its method, such as `submit tools/call`. */
  readonly name: string;
  /** Undefined if the call was still pending at the end of the recording. */
  readonly outcome: RecordedOutcome | undefined;
}

/** The result of a replay. */
export interface ReplayReport {
  /** The public states, in the order in which they were entered. */
  readonly states: readonly string[];
  /** The states of the connection's chart, in order, without consecutive duplicates. */
  readonly paths: readonly string[];
  /** The calls of the user, with their outcomes. */
  readonly calls: readonly ReplayedCall[];
  /** How many entries were replayed. */
  readonly repeated: number;
  /** The first difference between replay and recording; undefined if there is none. */
  readonly divergence: Divergence | undefined;
  /** Why the replay is not a complete session: it diverged, or the recording is incomplete. Undefined for a complete one. */
  readonly remark: string | undefined;
}

/** Options of {@link replay}. */
export interface ReplayOptions {
  /**
   * Shows the replay, with the times of the recording: an inspector of `mcp-actors/inspect` that has no client, or any other value that
   * clients take as `inspect`. Default: none.
   */
  readonly inspect?: InspectTarget | undefined;
  /** The name of the recording in the inspector. Default: the name of the file without its folders, or `recording`. */
  readonly name?: string | undefined;
}

const OPTIONS = optionNames<ReplayOptions>({
  inspect: true,
  name: true,
});

/**
 * Replays a recording offline and in simulated time. A real connection gets all inputs of the recording, in the same order and in the same
 * turns of the event loop, and its outputs are compared with the recording. Redacted recordings can be replayed, too.
 *
 * @example
 * const { divergence } = await replay('session.ndjson');
 * expect(divergence).toBeUndefined();
 *
 * @param source a file name, or a recording that was read
 * @throws the errors of {@link readRecording}, before the replay begins; MCPError with code `MCP_INVALID_PARAMS` for unknown options and
 * for an inspector that already has clients.
 */
export async function replay(source: string | Recording, options: ReplayOptions = {}): Promise<ReplayReport> {
  refuseUnknownOptions('replay', options, OPTIONS);
  const recording = typeof source === 'string' ? await readRecording(source) : source;
  if (typeof source !== 'string') checkRecording(source);
  const { inspect, name = typeof source === 'string' ? basename(source) : 'recording' } = options;
  const over = new Settleable<string | undefined>();
  try {
    const report = await new Replay(recording, inspect, { name, over: over.promise }).run();
    over.resolve(report.remark);
    return report;
  } finally {
    over.resolve('The replay failed');
  }
}

/** How many microtasks the connection may take to handle an input. */
const MAX_MICROTASKS = 100;
const MAX_TICKS = 3;

class Replay implements RecordingSink, ReplayScript {
  readonly #recording: Recording;
  readonly #entries: readonly RecordedEntry[];
  readonly #environment = new ReplayEnvironment(() => this.next());
  readonly #transport: ReplayTransport;
  readonly #connection: RecordedConnection;
  readonly #inputs = new ReplayedInputs(() => {
    this.during();
  });
  readonly #comparison = new RedactedComparison();
  readonly #settle = new SimulatedEnvironment().settle;
  readonly #states: string[] = [];
  readonly #paths: string[] = [];
  readonly #callNames = new Map<number, string>();
  readonly #outcomes = new Map<number, RecordedOutcome>();
  /** Indexes of the recorded outcomes that are not compared yet, by call. */
  readonly #expectedOutcomes = new Map<number, number>();
  #at = 0;
  /** The time of the last replayed entry. */
  #time: number;
  #depth = 0;
  #failed = false;
  #divergence: Divergence | undefined;
  epoch = 0;

  constructor(
    recording: Recording,
    inspect: InspectTarget | undefined,
    { name, over }: { readonly name: string; readonly over: Promise<string | undefined> },
  ) {
    this.#recording = recording;
    this.#entries = recording.entries;
    const { header } = recording;
    this.#time = this.#entries[0]?.at ?? 0;
    this.#transport = new ReplayTransport(header.transport.framing, this);
    const during = (): void => {
      this.during();
    };
    this.#connection = new RecordedConnection(
      {
        ...header,
        transport: this.#transport,
        environment: this.#environment,
        ...inspectionFor(inspect, {
          name,
          transport: header.transport.type,
          recording: { redacted: header.redacted, now: () => this.#time, over },
        }),
        continuation: { lastId: header.lastId, memory: { streamed: false } },
        handlers: header.maxServerRequests === undefined ? undefined : this.#inputs.handlers(header.maxServerRequests),
        maxInputRounds: header.maxInputRounds ?? 0,
        budget: new Budget({ maxPendingReplies: header.maxPendingReplies }),
      },
      { entered: during, notified: during, missedChanges: during, report: during, tolerated: during },
      this,
      { by: header.by, transport: header.transport.type },
    );
  }

  async run(): Promise<ReplayReport> {
    for (let next = this.next(); next !== undefined && this.#divergence === undefined; next = this.next()) {
      if (next.turn === true) {
        await this.#settle();
        this.#compareOutcomes();
      }
      const at = this.#at;
      if (next.turn === true && this.#ticksFirst()) await this.#repeatInTick();
      else if (this.#isInput(next)) this.#repeat(next);
      const moved = (): boolean => this.#at !== at || this.#divergence !== undefined;
      for (let turns = 0; !moved() && turns < MAX_MICROTASKS; turns += 1) await Promise.resolve();
      // Ticks run after all microtasks.
      for (let ticks = 0; !moved() && ticks < MAX_TICKS; ticks += 1) await nextTick();
      if (this.#at === at) this.#diverge(undefined);
    }
    await this.#settle();
    this.#compareOutcomes();
    const divergence = this.#divergence;
    return {
      states: this.#states,
      paths: this.#paths,
      calls: [...this.#callNames].map(([call, name]) => ({ call, name, outcome: this.#outcomes.get(call) })),
      repeated: this.#at,
      divergence,
      remark: describeEnd(this.#recording, divergence, this.#paths.at(-1)),
    };
  }

  begin(): void {
    // The replay has the header already.
  }

  /** Compares an input or output of the connection with the next entry of the recording. */
  write(entry: RecordedEntry): void {
    if (this.#divergence !== undefined) return;
    const happened = parseLine(entryLine(entry, undefined)) as RecordedEntry;
    if (happened.type === 'settled') {
      this.#outcomes.set(happened.call, happened.outcome);
      return;
    }
    const expected = this.next();
    if (expected === undefined) {
      // The last lines are missing if the recorded program crashed.
      if (this.#paths.at(-1) === 'closed.done') this.#diverge(happened);
      return;
    }
    if (!isDeeper(happened, expected) && !this.#comparison.same(withoutTime(expected), withoutTime(happened))) {
      this.#diverge(happened);
      return;
    }
    this.#at += 1;
    this.#time = expected.at;
    if (happened.type === 'state') this.#states.push(happened.state);
    else if (happened.type === 'path' && this.#paths.at(-1) !== happened.path) this.#paths.push(happened.path);
    else if (happened.type === 'link.opening') {
      this.epoch = happened.epoch;
      this.#failed = false;
    } else if ('call' in happened && happened.type !== 'progress') {
      this.#callNames.set(happened.call, happened.type === 'submit' ? `submit ${happened.method}` : happened.type);
    }
  }

  flush(): undefined {
    // A replay writes nothing.
  }

  during(): void {
    this.#depth += 1;
    for (;;) {
      const next = this.next();
      const at = this.#at;
      if (next === undefined || (next.in ?? 0) !== this.#depth || !this.#isInput(next)) break;
      this.#repeat(next);
      if (this.#at === at) break;
    }
    this.#depth -= 1;
  }

  /** The next entry. Outcomes are skipped and compared later: the connection does not depend on their position. */
  next(): RecordedEntry | undefined {
    for (;;) {
      const next = this.#entries[this.#at];
      if (next?.type !== 'settled') return next;
      this.#expectedOutcomes.set(next.call, this.#at);
      this.#at += 1;
    }
  }

  #compareOutcomes(): void {
    for (const [call, at] of this.#expectedOutcomes) {
      const expected = this.#entries[at] as Extract<RecordedEntry, { type: 'settled' }>;
      const outcome = this.#outcomes.get(call);
      if (outcome !== undefined && this.#comparison.same(expected.outcome, outcome)) continue;
      const happened: RecordedEvent | undefined = outcome && { type: 'settled', call, outcome };
      this.#divergence ??= { line: at + 2, expected, happened };
    }
    this.#expectedOutcomes.clear();
  }

  #diverge(happened: RecordedEvent | undefined): void {
    this.#divergence ??= { line: this.#at + 2, expected: this.next(), happened };
  }

  #isInput(entry: RecordedEntry): boolean {
    if (entry.type === 'link.closed') return !this.#failed;
    return INPUTS.has(entry.type);
  }

  #repeat(entry: RecordedEntry): void {
    if (entry.type === 'link.failed') this.#failed = true;
    if (this.#inputs.repeat(entry, this.#connection)) return;
    if (entry.type === 'timer.fired') this.#environment.fire(entry.timer);
    else this.#transport.repeat(entry);
  }

  /** Whether the next turn ran its ticks before its microtasks. */
  #ticksFirst(): boolean {
    for (let at = this.#at; at < this.#entries.length; at += 1) {
      const entry = this.#entries[at];
      if (at > this.#at && entry?.turn === true) break;
      if (entry?.type === 'ticked') return true;
    }
    return false;
  }

  /** Repeats the inputs at the beginning of a turn inside of a tick, so that further ticks run before all microtasks. */
  #repeatInTick(): Promise<void> {
    return new Promise((resolve, reject) => {
      process.nextTick(() => {
        try {
          this.#repeatTurn();
          resolve();
        } catch (thrown) {
          // An error that is thrown in a tick would end the process.
          const error: Error = thrown as Error;
          reject(error);
        }
      });
    });
  }

  #repeatTurn(): void {
    for (let next = this.next(), first = true; next !== undefined; next = this.next(), first = false) {
      const at = this.#at;
      if (!this.#isInput(next) || (!first && next.turn === true)) break;
      this.#repeat(next);
      if (this.#at === at) break;
    }
  }
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

/** Whether the chart is in a substate of the recorded state: a later version of the package may have added substates. */
function isDeeper(happened: RecordedEvent, expected: RecordedEvent): boolean {
  return happened.type === 'path' && expected.type === 'path' && happened.path.startsWith(`${expected.path}.`);
}

function withoutTime({ at: _at, turn: _turn, in: _in, ...event }: RecordedEntry): object {
  return event;
}
