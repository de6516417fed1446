import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { createActor } from 'xstate';
import type { ActorRefFrom } from 'xstate';
import type { Oversized } from '../../util/bounded-bytes.js';
import { failure, toTransportFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { RequestId } from '../../protocol/messages/json-rpc.js';
import { LineSplitter } from '../../protocol/messages/lines.js';
import { answeredIn, tooLarge } from '../../protocol/messages/oversized-message.js';
import { tooMuchStructure } from '../../protocol/messages/parsed-size.js';
import { safeText } from '../../util/printable.js';
import { callUserFunction } from '../../util/user-function.js';
import { LineWriter } from './line-writer.js';
import type { Link, LinkEvents } from '../link.js';
import { Pacer } from '../pacer.js';
import type { PacedStream } from '../pacer.js';
import { groupLives, killTree, signalGroup, watchGroup } from './process-groups.js';
import type { Secrets } from '../secrets.js';
import { spawnFailure, spawnServer } from './spawn-server.js';
import type { ServerRecipe } from './spawn-server.js';
import { processMachine } from './process-machine.js';
import type { ProcessPorts } from './process-machine.js';
import { StderrTail } from './stderr-tail.js';

/** How to run a server and handle its output. */
export interface StdioRecipe extends ServerRecipe {
  readonly maxMessageBytes: number;
  readonly onStderr: ((text: string) => void) | undefined;
  readonly handleSignals: boolean;
  /** Secrets to remove from the server's output before it is shown. */
  readonly secrets: Secrets;
}

/** How much of stderr is kept, in bytes, and how much an error contains, in characters. */
const STDERR_KEPT = 64 * 1024;
const STDERR_IN_ERRORS = 4 * 1024;
/** How many characters of an invalid line are shown. */
const EXCERPT = 80;

const BRACE = 0x7b;
/** The possible beginnings of JSON. Most log lines begin differently, and this test is 20 times faster than parsing. */
const BEGINS_LIKE_JSON = /^\s*(?:[{"\-\dtfn]|\[\s*[[\]{"\-\dtfn])/;

/** How many lines are handled between two readings of the clock. */
const UNWATCHED = 16;

/** Milliseconds between looks at what remains of a group whose leader is gone, each pause twice the last: 635 in all for SIGTERM, and for SIGKILL. */
const FIRST_LOOK = 5;
const LAST_LOOK = 320;

/** A link to a server process, over its stdin and stdout. */
export class StdioLink implements Link, PacedStream<string | Oversized> {
  readonly child: ChildProcessWithoutNullStreams;
  readonly send: Link['send'];
  readonly #recipe: StdioRecipe;
  readonly #events: LinkEvents;
  readonly #pid: number;
  readonly #unwatch: () => void;
  readonly #lines: LineSplitter;
  readonly #pacer = new Pacer<string | Oversized>(this, UNWATCHED);
  readonly #writer: LineWriter;
  readonly #stderr = new StderrTail(STDERR_KEPT);
  readonly #secrets: Secrets;
  readonly #actor: ActorRefFrom<typeof processMachine>;
  /** Resolves when the process has exited and its pipes are closed. */
  readonly #allClosed: Promise<void>;
  /** Resolves when the process is gone (true), or cannot be killed. */
  readonly #gone: Promise<boolean>;
  #resolveGone!: (exited: boolean) => void;
  /** What broke before the process exited. */
  #trouble: Failure | undefined;
  /** Why the link has ended by itself. */
  #reason: Failure | undefined;
  #closing: Promise<void> | undefined;

  private constructor(child: ChildProcessWithoutNullStreams, recipe: StdioRecipe, events: LinkEvents) {
    this.child = child;
    this.#recipe = recipe;
    this.#events = events;
    // A spawned process has a pid.
    this.#pid = child.pid as number;
    this.#unwatch = watchGroup(this.#pid, recipe.handleSignals);
    this.#lines = new LineSplitter(recipe.maxMessageBytes, events.budget);
    this.#writer = new LineWriter(child.stdin, events.budget);
    this.send = this.#writer.send.bind(this.#writer);
    this.#secrets = recipe.secrets;
    this.#gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    const { environment } = events;
    this.#actor = createActor(processMachine, {
      input: { ports: this.#ports() },
      clock: {
        setTimeout: (callback, delay) => environment.setTimeout(callback, delay),
        clearTimeout: (timer) => {
          environment.clearTimeout(timer);
        },
      },
    });
    this.#actor.subscribe({
      error: (thrown) => {
        // A port has thrown, and the chart goes no further. No process and no waiting owner may stay behind.
        this.#signal('SIGKILL');
        this.#abandon();
        this.#endWith(toTransportFailure(thrown));
      },
    });
    this.#actor.start();
    child.once('exit', () => {
      this.#actor.send({ type: 'exited' });
    });
    // In place of an exit, cross-spawn emits an error for a program that was not found.
    child.on('error', (error) => {
      // It says more than broken pipes, which may have been noticed before.
      this.#trouble = spawnFailure(recipe, error);
      this.#actor.send({ type: 'exited' });
    });
    this.#allClosed = new Promise((resolve) => {
      child.once('close', () => {
        resolve();
        this.#pacer.afterwards(() => {
          this.#actor.send({ type: 'finished' });
        });
      });
    });
    this.#readStdout();
    this.#readStderr();
    child.stdin.on('error', (error) => {
      this.#lose('stopped reading its standard input', error);
    });
  }

  /** Starts the process. Rejects with a failure, or with the reason of `signal`; then there is no process. */
  static async start(recipe: StdioRecipe, events: LinkEvents, signal: AbortSignal): Promise<StdioLink> {
    const link = new StdioLink(await spawnServer(recipe), recipe, events);
    if (signal.aborted) {
      link.#actor.send({ type: 'kill' });
      await link.close();
      signal.throwIfAborted();
    }
    return link;
  }

  /** The end of stderr. */
  get stderrTail(): string {
    return this.#stderr.toString();
  }

  /** The end of stderr for the error of a timeout; undefined if the process has exited, whose error contains it. */
  get stderrOfSilent(): string | undefined {
    return this.#reason === undefined ? this.#stderrForErrors() : undefined;
  }

  #stderrForErrors(): string {
    return this.#secrets.tail(this.stderrTail, STDERR_IN_ERRORS, this.#stderr.truncated);
  }

  cancelUnsent(requestId: RequestId): boolean {
    return this.#writer.cancelUnsent(requestId);
  }

  #readStdout(): void {
    const { stdout } = this.child;
    stdout.on('data', (chunk: Buffer) => {
      // While closing, stdout is still read, so that a full pipe does not block the process, but the data is ignored.
      if (this.#closing !== undefined) return;
      // Splitting takes time, too, and blank lines produce no items.
      this.#pacer.pushAll(this.#pacer.count(() => this.#lines.push(chunk)));
    });
    stdout.once('end', () => {
      this.#lose('closed its standard output');
    });
    stdout.on('error', (error) => {
      this.#lose('cannot be read from', error);
    });
  }

  hold(): void {
    this.child.stdout.pause();
  }

  release(): void {
    this.child.stdout.resume();
  }

  /** Handles the next line from the server: see {@link PacedStream}. */
  take(line: string | Oversized): void {
    // An earlier message may have made the owner close the link.
    if (this.#closing !== undefined) return;
    if (typeof line !== 'string') {
      this.#events.problem(tooLarge(line, 'maxMessageBytes'));
      return;
    }
    if (line.charCodeAt(0) !== BRACE && !BEGINS_LIKE_JSON.test(line)) {
      this.#notJson(line);
      return;
    }
    const refused = tooMuchStructure(line);
    if (refused !== undefined) {
      this.#events.problem(refused);
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#notJson(line);
      return;
    }
    this.#events.message(message);
  }

  #notJson(line: string): void {
    const problem = notJson(safeText(line, EXCERPT));
    const ids = answeredIn(line);
    for (const requestId of ids) this.#events.problem(answerNotJson(problem, requestId));
    if (ids.length === 0) this.#events.problem(problem);
  }

  #readStderr(): void {
    const { stderr } = this.child;
    const { onStderr } = this.#recipe;
    const decoder = new StringDecoder('utf8');
    const emit = (text: string): void => {
      if (text !== '' && onStderr !== undefined) {
        callUserFunction(
          'onStderr',
          () => onStderr(text),
          (problem) => {
            this.#events.problem(problem);
          },
        );
      }
    };
    stderr.on('data', (chunk: Buffer) => {
      this.#stderr.push(chunk);
      if (onStderr !== undefined) emit(decoder.write(chunk));
    });
    stderr.once('end', () => {
      emit(decoder.end());
    });
    stderr.on('error', () => {
      // The earlier output is kept. Messages do not depend on stderr.
    });
  }

  /** Handles an error of a pipe. The process is probably exiting; its exit code would explain more, so the link waits for it. */
  #lose(what: string, error?: Error): void {
    if (this.#closing !== undefined) return;
    const why = (error as NodeJS.ErrnoException | undefined)?.code;
    this.#trouble ??= failure(
      'transport',
      'MCP_TRANSPORT_FAILED',
      this.#say(why === undefined ? what : `${what} (${why})`),
    );
    this.#actor.send({ type: 'broken' });
  }

  #say(what: string): string {
    return `The server process "${this.#recipe.command}" ${what}`;
  }

  /** What the chart of the process does. */
  #ports(): ProcessPorts {
    const { stdin } = this.child;
    return {
      holdWrites: () => {
        this.#writer.hold();
      },
      // The pipe may contain more output than the paced queue.
      outputWaits: () => this.#pacer.paused,
      afterOutput: (callback) => {
        this.#pacer.afterwards(callback);
      },
      endLink: () => {
        this.#end();
      },
      stopMessages: () => {
        this.#lines.clear();
        this.#pacer.stop();
        this.#writer.end(
          failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection is closed', { delivery: 'not-sent' }),
        );
      },
      endInput: () => {
        stdin.end();
      },
      terminate: () => {
        this.#signal('SIGTERM');
      },
      kill: () => {
        this.#signal('SIGKILL');
      },
      endRemains: () => this.#endRemains(),
      finish: () => {
        this.#unwatch();
        this.#resolveGone(true);
      },
      abandon: () => {
        this.#abandon();
      },
    };
  }

  /** The link has ended by itself: hands out the last line, and the reason. */
  #end(): void {
    this.#pacer.stop();
    for (const line of this.#lines.end()) this.take(line);
    this.#endWith(this.#whyEnded());
  }

  #endWith(why: Failure): void {
    if (this.#closing !== undefined) return;
    const reason = this.#secrets.failure(why);
    this.#reason = reason;
    this.#writer.end({ ...reason, delivery: 'not-sent' });
    void this.close();
    // The promises of unsent messages reject first.
    queueMicrotask(() => {
      this.#events.closed(reason);
    });
  }

  #whyEnded(): Failure {
    const { exitCode, signalCode: signal } = this.child;
    const stderr = this.#stderrForErrors();
    const details = { command: this.#recipe.command, pid: this.#pid, exitCode, signal, stderr };
    const trouble = this.#trouble;
    if (trouble?.code === 'MCP_SPAWN_FAILED') return trouble;
    if (this.#actor.getSnapshot().matches({ process: 'exited' })) {
      const what = signal === null ? `exited with code ${exitCode}` : `was killed by ${signal}`;
      return failure('transport', 'MCP_PROCESS_EXITED', this.#say(what), { details });
    }
    return { ...(trouble ?? failure('transport', 'MCP_TRANSPORT_FAILED', this.#say('is gone'))), details };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#actor.send({ type: 'close' });
    const exited = await this.#gone;
    for (const stream of this.child.stdio) stream?.destroy();
    if (exited) await this.#allClosed;
  }

  /** Windows has no signals: there the process and its children are ended. */
  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (process.platform === 'win32') killTree(this.#pid);
    else signalGroup(this.#pid, signal);
  }

  #abandon(): void {
    // It runs as another user or hangs in the kernel. Its group is looked after until it exits.
    const { child } = this;
    child.unref();
    if (child.exitCode === null && child.signalCode === null) child.once('exit', this.#unwatch);
    else this.#unwatch();
    this.#resolveGone(false);
  }

  // The number of a group is not given to another one while a member lives.
  async #endRemains(): Promise<void> {
    if (process.platform === 'win32') return;
    const { environment } = this.#events;
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (!(await groupLives(this.#pid))) return;
      signalGroup(this.#pid, signal);
      for (let pause = FIRST_LOOK; pause <= LAST_LOOK; pause *= 2) {
        await new Promise<void>((resolve) => environment.setTimeout(resolve, pause));
        if (!(await groupLives(this.#pid))) return;
      }
    }
  }
}

function notJson(excerpt: string): Failure {
  return failure(
    'protocol',
    'MCP_INVALID_JSON',
    `The server wrote a line that is not JSON: ${JSON.stringify(excerpt)}`,
    {
      details: { excerpt },
    },
  );
}

/** The same failure for the request that the line responds to. */
function answerNotJson(problem: Failure, requestId: RequestId): Failure {
  return { ...problem, delivery: 'answered', details: { ...problem.details, requestId } };
}
