import { basename } from 'node:path';

import { optionNames, refuseUnknownOptions } from '../option-checks.js';
import { inspectionFor } from '../api/inspection.js';
import type { InspectTarget } from '../api/options/inspect-option.js';
import { RecordedConnection } from '../recording/recorded-connection.js';
import { entryLine, parseLine } from '../recording/recording-lines.js';
import type { RecordedOutcome, RecordedEvent, RecordedEntry, RecordingSink } from '../recording/recorded-events.js';
import { requestSpec } from '../machines/request/request-spec.js';
import type { HandlerService } from '../machines/server-requests/handler-slots.js';
import { Budget } from '../util/budget.js';
import { methodEntry, uncheckedEntry } from '../protocol/methods.js';
import type { HandlerResponse } from '../protocol/server-requests/server-requests.js';
import { checkRecording, readRecording } from './recording-reader.js';
import type { Recording } from './recording-reader.js';
import { ReplayEnvironment } from './replay-environment.js';
import { ReplayTransport } from './replay-transport.js';
import type { ReplayScript } from './replay-transport.js';
import { describeEnd } from './replay-remark.js';
import type { Divergence } from './replay-remark.js';
import { SameButForNames } from './same-but-for-names.js';
import { Settleable } from './settleable.js';
import { SimulatedEnvironment } from './simulated-environment.js';

/** How a request or another call ended. */
export interface ReplayedCall {
  readonly call: number;
  /** What was asked for: `connect`, `submit` and so on; with the method for a request. */
  readonly asked: string;
  /** Undefined when it was not over when the recording ended. */
  readonly fate: RecordedOutcome | undefined;
}

/** What a replay did. */
export interface ReplayReport {
  /** The public states that were entered. */
  readonly states: readonly string[];
  /** Where the chart of the connection was, without repetitions. */
  readonly paths: readonly string[];
  /** What the user had asked for, and what became of it. */
  readonly calls: readonly ReplayedCall[];
  /** How many entries were repeated. */
  readonly repeated: number;
  /** Undefined when everything went as it had gone. */
  readonly divergence: Divergence | undefined;
  /** In words, why this is not the whole of a session: it went another way, or the recording is not complete. Undefined when it is. */
  readonly remark: string | undefined;
}

/** Options of {@link replay}. */
export interface ReplayOptions {
  /**
   * Who is shown what happens, at the times of the recording: an inspector of `mcp-actors/inspect` that shows nothing else, or anything else
   * that clients take as `inspect`. Default: nobody.
   */
  readonly inspect?: InspectTarget | undefined;
  /** What the recording is called there. Default: the name of the file, without folders. */
  readonly name?: string | undefined;
}

const OPTIONS = optionNames<ReplayOptions>({
  inspect: true,
  name: true,
});

/**
 * Does again what a recording says, offline and in simulated time: a real connection is given everything that came from outside, in the
 * same order and the same turns, and everything that it does is compared with what it did then. Redacted recordings can be replayed.
 * @param source the name of a file, or a recording that was read
 * @throws what {@link readRecording} throws, before any of it is repeated; and MCPError with code `MCP_INVALID_PARAMS` for an inspector that
 * is in use
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

/** Microtasks that something may take. */
const PATIENCE = 100;
const MOST_TICKS = 3;

type Connect = Extract<RecordedEvent, { type: 'connect' | 'join' | 'probe' | 'submit' | 'watch' }>;

class Replay implements RecordingSink, ReplayScript {
  readonly #recording: Recording;
  readonly #entries: readonly RecordedEntry[];
  readonly #environment = new ReplayEnvironment(() => this.next());
  readonly #transport: ReplayTransport;
  readonly #connection: RecordedConnection;
  readonly #signals = new Map<number, AbortController>();
  readonly #comparison = new SameButForNames();
  readonly #settle = new SimulatedEnvironment().settle;
  readonly #states: string[] = [];
  readonly #paths: string[] = [];
  readonly #asked = new Map<number, string>();
  /** What handlers were asked, in order. */
  readonly #questions: {
    readonly tell: (answer: HandlerResponse) => void;
    readonly settled: (() => void) | undefined;
  }[] = [];
  readonly #fates = new Map<number, RecordedOutcome>();
  /** RecordedOutcomes that the recording has, by call, with their lines. */
  readonly #expectedFates = new Map<number, number>();
  #at = 0;
  /** The time of what was repeated last. */
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
        handlers: header.maxServerRequests === undefined ? undefined : this.#answers(header.maxServerRequests),
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
        this.#compareFates();
      }
      const at = this.#at;
      if (next.turn === true && this.#ticksFirst()) await this.#repeatInTick();
      else if (this.#isInput(next)) this.#repeat(next);
      const moved = (): boolean => this.#at !== at || this.#divergence !== undefined;
      for (let turns = 0; !moved() && turns < PATIENCE; turns += 1) await Promise.resolve();
      // When no microtask is left there may be ticks.
      for (let ticks = 0; !moved() && ticks < MOST_TICKS; ticks += 1) await nextTick();
      if (this.#at === at) this.#diverge(undefined);
    }
    await this.#settle();
    this.#compareFates();
    const divergence = this.#divergence;
    return {
      states: this.#states,
      paths: this.#paths,
      calls: [...this.#asked].map(([call, asked]) => ({ call, asked, fate: this.#fates.get(call) })),
      repeated: this.#at,
      divergence,
      remark: describeEnd(this.#recording, divergence, this.#paths.at(-1)),
    };
  }

  begin(): void {
    // It is the one that was read.
  }

  /** What the connection is given, and what it does: the next line of the recording, or it went another way. */
  write(entry: RecordedEntry): void {
    if (this.#divergence !== undefined) return;
    const happened = parseLine(entryLine(entry, undefined)) as RecordedEntry;
    if (happened.type === 'settled') {
      this.#fates.set(happened.call, happened.fate);
      return;
    }
    const expected = this.next();
    if (expected === undefined) {
      // When a program ends in the middle its last lines are missing.
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
      this.#asked.set(happened.call, happened.type === 'submit' ? `submit ${happened.method}` : happened.type);
    }
  }

  flush(): undefined {
    // Nothing is held open.
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

  /** The next line. RecordedOutcomes are not waited for: nothing of the connection depends on when they are known. */
  next(): RecordedEntry | undefined {
    for (;;) {
      const next = this.#entries[this.#at];
      if (next?.type !== 'settled') return next;
      this.#expectedFates.set(next.call, this.#at);
      this.#at += 1;
    }
  }

  #compareFates(): void {
    for (const [call, at] of this.#expectedFates) {
      const expected = this.#entries[at] as Extract<RecordedEntry, { type: 'settled' }>;
      const fate = this.#fates.get(call);
      if (fate !== undefined && this.#comparison.same(expected.fate, fate)) continue;
      const happened: RecordedEvent | undefined = fate && { type: 'settled', call, fate };
      this.#divergence ??= { line: at + 2, expected, happened };
    }
    this.#expectedFates.clear();
  }

  #diverge(happened: RecordedEvent | undefined): void {
    this.#divergence ??= { line: this.#at + 2, expected: this.next(), happened };
  }

  #isInput(entry: RecordedEntry): boolean {
    if (entry.type === 'link.closed') return !this.#failed;
    return INPUTS.has(entry.type);
  }

  #repeat(entry: RecordedEntry): void {
    const connection = this.#connection;
    switch (entry.type) {
      case 'connect':
      case 'join':
        connection[entry.type](entry.timeout, this.#signal(entry)).catch(ignore);
        break;
      case 'probe':
        connection.probe(entry.timeout, this.#signal(entry)).catch(ignore);
        break;
      case 'submit':
        this.#submit(entry);
        break;
      case 'watch':
        connection.watch(entry.uri, entry, this.#signal(entry)).catch(ignore);
        break;
      case 'unwatch':
        connection.unwatch(entry.uri);
        break;
      case 'send':
        connection.sendMessage(entry.message).catch(ignore);
        break;
      case 'disconnect':
        connection.disconnect().catch(ignore);
        break;
      case 'suspend':
        connection.suspend().catch(ignore);
        break;
      case 'event':
        connection.send(entry.event);
        break;
      case 'abort':
        this.#controller(entry.signal).abort();
        break;
      case 'timer.fired':
        this.#environment.fire(entry.timer);
        break;
      case 'handler.responded':
        this.#questions[entry.handler - 1]?.tell(entry.answer);
        break;
      case 'handler.settled':
        this.#questions[entry.handler - 1]?.settled?.();
        break;
      default:
        if (entry.type === 'link.failed') this.#failed = true;
        this.#transport.repeat(entry);
    }
  }

  /** Whether the turn that comes next had its ticks before its microtasks. */
  #ticksFirst(): boolean {
    for (let at = this.#at; at < this.#entries.length; at += 1) {
      const entry = this.#entries[at];
      if (at > this.#at && entry?.turn === true) break;
      if (entry?.type === 'ticked') return true;
    }
    return false;
  }

  /** Repeats what came at the beginning of a turn from inside a tick: other ticks then come before all microtasks. */
  #repeatInTick(): Promise<void> {
    return new Promise((resolve, reject) => {
      process.nextTick(() => {
        try {
          this.#repeatTurn();
          resolve();
        } catch (thrown) {
          // What a tick throws ends the process.
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

  #submit(entry: Extract<RecordedEvent, { type: 'submit' }>): void {
    const { method, params, headers, timeout, since, totalDeadline, maxTotalTimeout } = entry;
    const { repeatable, failFast, sharing, unchecked } = entry;
    const spec = requestSpec(method, params, {
      ...{ headers, timeout, since, totalDeadline, maxTotalTimeout, repeatable, failFast, sharing },
      entry: unchecked === true ? uncheckedEntry(method) : methodEntry(method),
      signal: this.#signal(entry),
      onProgress: entry.progress
        ? () => {
            this.during();
          }
        : undefined,
    });
    this.#connection.submit(spec).catch(ignore);
  }

  /** Answers as handlers had answered. */
  #answers(limit: number): HandlerService {
    return {
      limit,
      answer: (_question, _session, signal, tell, settled) => {
        this.#questions.push({ tell, settled });
        signal.addEventListener('abort', () => {
          this.during();
        });
        this.during();
      },
    };
  }

  #signal({ signal, aborted }: Connect): AbortSignal | undefined {
    if (signal === undefined) return undefined;
    const controller = this.#controller(signal);
    if (aborted === true) controller.abort();
    return controller.signal;
  }

  #controller(number: number): AbortController {
    const known = this.#signals.get(number) ?? new AbortController();
    this.#signals.set(number, known);
    return known;
  }
}

function ignore(): void {
  // The recording says how it ended, and the connection what came of it.
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

/** What came from outside, and has to be given to the connection again. */
const INPUTS: ReadonlySet<string> = new Set([
  ...[
    'connect',
    'join',
    'probe',
    'submit',
    'watch',
    'unwatch',
    'send',
    'disconnect',
    'suspend',
    'event',
    'abort',
    'timer.fired',
    'handler.responded',
    'handler.settled',
  ],
  ...['link.ready', 'link.failed', 'link.released', 'link.problem', 'message.in', 'message.settled', 'session.lost'],
  ...['answer.interrupted', 'answer.resumed', 'stream.opened', 'stream.unsupported', 'stream.ended'],
]);

/** Whether the connection is inside of the recorded state: since the recording was made the state may have got states of its own. */
function isDeeper(happened: RecordedEvent, expected: RecordedEvent): boolean {
  return happened.type === 'path' && expected.type === 'path' && happened.path.startsWith(`${expected.path}.`);
}

function withoutTime({ at: _at, turn: _turn, in: _in, ...happening }: RecordedEntry): object {
  return happening;
}
