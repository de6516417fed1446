import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Oversized } from '../../util/bounded-bytes.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../../protocol/messages/json-rpc.js';
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
import { StderrTail } from './stderr-tail.js';

/** How to run a server and what to do with what it writes. */
export interface StdioRecipe extends ServerRecipe {
  readonly maxMessageBytes: number;
  readonly onStderr: ((text: string) => void) | undefined;
  readonly handleSignals: boolean;
  /** Taken out of what the server wrote before anybody sees it. */
  readonly secrets: Secrets;
}

/** How much of standard error is kept, and how much of that goes into an error, in bytes and characters. */
const STDERR_KEPT = 64 * 1024;
const STDERR_IN_ERRORS = 4 * 1024;
/** How much of a line that is not JSON is shown. */
const EXCERPT = 80;

const BRACE = 0x7b;
/** How JSON begins. Most lines that servers log begin otherwise: to find that out by parsing takes 20 times as long. */
const BEGINS_LIKE_JSON = /^\s*(?:[{"\-\dtfn]|\[\s*[[\]{"\-\dtfn])/;

// Milliseconds.
/** For each step of closing: the end of standard input, SIGTERM, SIGKILL. */
const GRACE = 2_000;
/** After the exit of a process, for the end of its output: a process that it started may hold the pipe open. */
const DRAIN = 100;
/** Lines that are handled between two readings of the clock. A pipe gives 64 KiB at a time, so most are short. */
const UNWATCHED = 16;

/** How often that is prolonged while output waits for its turn. */
const MOST_DRAINS = 50;
/** After the end of its output, for a process to exit: the exit says more about what happened. */
const EXIT = 500;
/** Between looks at what remains of a group whose leader is gone, each pause twice the last: 635 in all for SIGTERM, and for SIGKILL. */
const FIRST_LOOK = 5;
const LAST_LOOK = 320;

/** A server process and the lines that go to and from it. */
export class StdioLink implements Link, PacedStream<string | Oversized> {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #recipe: StdioRecipe;
  readonly #events: LinkEvents;
  readonly #pid: number;
  readonly #unwatch: () => void;
  readonly #lines: LineSplitter;
  readonly #pacer = new Pacer<string | Oversized>(this, UNWATCHED);
  #drains = 0;
  readonly #writer: LineWriter;
  readonly #stderr = new StderrTail(STDERR_KEPT);
  readonly #secrets: Secrets;
  /** Resolves when the process has exited, and when besides that its pipes are closed. */
  readonly #exit: Promise<void>;
  readonly #allClosed: Promise<void>;
  #exited = false;
  /** What ended the link, unless that was the exit. */
  #trouble: Failure | undefined;
  #timer: unknown;
  #over = false;
  #hurry = false;
  #closing: Promise<void> | undefined;

  private constructor(child: ChildProcessWithoutNullStreams, recipe: StdioRecipe, events: LinkEvents) {
    this.child = child;
    this.#recipe = recipe;
    this.#events = events;
    // A process that was spawned has one.
    this.#pid = child.pid as number;
    this.#unwatch = watchGroup(this.#pid, recipe.handleSignals);
    this.#lines = new LineSplitter(recipe.maxMessageBytes, events.budget);
    this.#writer = new LineWriter(child.stdin, events.budget);
    this.#secrets = recipe.secrets;
    this.#exit = new Promise((resolve) => {
      const exited = (): void => {
        this.#exited = true;
        this.#writer.hold();
        resolve();
        this.#endWithin(DRAIN);
      };
      child.once('exit', exited);
      // In place of an exit, cross-spawn tells of a program that was not there.
      child.on('error', (error) => {
        // It says more than what became of the pipes, which may have been noticed before.
        this.#trouble = spawnFailure(recipe, error);
        exited();
      });
    });
    this.#allClosed = new Promise((resolve) => {
      child.once('close', () => {
        resolve();
        this.#pacer.afterwards(() => {
          this.#end();
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
      // Nothing was said to it yet: it has nothing to finish.
      link.#hurry = true;
      await link.close();
      signal.throwIfAborted();
    }
    return link;
  }

  /** The last that the server wrote to standard error. */
  get stderrTail(): string {
    return this.#stderr.toString();
  }

  /** The end of standard error, fit for an error; undefined when the process has ended by itself, which tells it. */
  get stderrOfSilent(): string | undefined {
    return this.#over ? undefined : this.#stderrForErrors();
  }

  #stderrForErrors(): string {
    return this.#secrets.tail(this.stderrTail, STDERR_IN_ERRORS, this.#stderr.truncated);
  }

  send(message: JSONRPCMessage): Promise<void> | undefined {
    return this.#writer.send(message);
  }

  cancelUnsent(requestId: RequestId): boolean {
    return this.#writer.cancelUnsent(requestId);
  }

  #readStdout(): void {
    const { stdout } = this.child;
    stdout.on('data', (chunk: Buffer) => {
      // When it is closing it must not be stopped by a pipe that nobody empties, but it is not listened to.
      if (this.#over || this.#closing !== undefined) return;
      // Splitting takes time, too, and blank lines lead to no items.
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

  /** Takes the next line that the server wrote: see {@link PacedStream}. */
  take(line: string | Oversized): void {
    // A message may have made the owner close the link.
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
    const tell = (text: string): void => {
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
      if (onStderr !== undefined) tell(decoder.write(chunk));
    });
    stderr.once('end', () => {
      tell(decoder.end());
    });
    stderr.on('error', () => {
      // What it said until then is kept, and its loss means nothing to the messages.
    });
  }

  /** The process can no longer be talked to. It is most likely exiting, which would say more. */
  #lose(what: string, error?: Error): void {
    if (this.#over || this.#closing !== undefined) return;
    const why = (error as NodeJS.ErrnoException | undefined)?.code;
    this.#trouble ??= failure(
      'transport',
      'MCP_TRANSPORT_FAILED',
      this.#say(why === undefined ? what : `${what} (${why})`),
    );
    this.#writer.hold();
    if (!this.#exited) this.#endWithin(EXIT);
  }

  #say(what: string): string {
    return `The server process "${this.#recipe.command}" ${what}`;
  }

  /** Waits for the rest of the output. When the process exits while it is waited for, that counts anew. */
  #endWithin(delay: number): void {
    const { environment } = this.#events;
    environment.clearTimeout(this.#timer);
    if (this.#over || this.#closing !== undefined) return;
    this.#timer = environment.setTimeout(() => {
      // Behind the output that waits for its turn there may be more in the pipe.
      if (!this.#pacer.paused || this.#drains >= MOST_DRAINS) this.#end();
      else
        this.#pacer.afterwards(() => {
          this.#drains += 1;
          this.#endWithin(DRAIN);
        });
    }, delay);
  }

  /** The link ended by itself: says so, and clears away what is left. */
  #end(): void {
    if (this.#over || this.#closing !== undefined) return;
    this.#over = true;
    this.#pacer.stop();
    for (const line of this.#lines.end()) this.take(line);
    const reason = this.#secrets.failure(this.#reason());
    this.#writer.end({ ...reason, delivery: 'not-sent' });
    void this.close();
    // After what those who waited to send have to hear.
    queueMicrotask(() => {
      this.#events.closed(reason);
    });
  }

  #reason(): Failure {
    const { exitCode, signalCode: signal } = this.child;
    const stderr = this.#stderrForErrors();
    const details = { command: this.#recipe.command, pid: this.#pid, exitCode, signal, stderr };
    const trouble = this.#trouble;
    if (trouble?.code === 'MCP_SPAWN_FAILED') return trouble;
    if (this.#exited) {
      const what = signal === null ? `exited with code ${exitCode}` : `was killed by ${signal}`;
      return failure('transport', 'MCP_PROCESS_EXITED', this.#say(what), { details });
    }
    return { ...(trouble ?? failure('transport', 'MCP_TRANSPORT_FAILED', this.#say('is gone'))), details };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#events.environment.clearTimeout(this.#timer);
    this.#lines.clear();
    this.#pacer.stop();
    this.#writer.end(
      failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection is closed', { delivery: 'not-sent' }),
    );
    this.child.stdin.end();
    if (await this.#exits()) {
      await this.#endRemains();
      this.#unwatch();
    } else {
      // Not even SIGKILL: it runs as somebody else or hangs in the kernel. Let go of it, and try again when this process exits.
      this.child.unref();
      void this.#exit.then(this.#unwatch);
    }
    for (const stream of this.child.stdio) stream?.destroy();
    if (this.#exited) await this.#allClosed;
  }

  /** Asks the process to exit, more and more firmly, as 2026-07-28 basic/transports/stdio, "Shutdown", has it. */
  async #exits(): Promise<boolean> {
    if (!this.#hurry && (await this.#exitsWithin(GRACE))) return true;
    if (process.platform === 'win32') {
      if (!this.#exited) killTree(this.#pid);
      return this.#exitsWithin(GRACE);
    }
    if (!this.#hurry) {
      signalGroup(this.#pid, 'SIGTERM');
      if (await this.#exitsWithin(GRACE)) return true;
    }
    signalGroup(this.#pid, 'SIGKILL');
    return this.#exitsWithin(GRACE);
  }

  async #exitsWithin(patience: number): Promise<boolean> {
    if (this.#exited) return true;
    const { environment } = this.#events;
    let timer: unknown;
    const expiry = new Promise<void>((resolve) => {
      timer = environment.setTimeout(resolve, patience);
    });
    await Promise.race([this.#exit, expiry]);
    environment.clearTimeout(timer);
    return this.#exited;
  }

  /** Ends what a process that is gone has left in its group. The group's number is not given to anybody else while a member lives. */
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

/** The same for the request whose response the line was. */
function answerNotJson(problem: Failure, requestId: RequestId): Failure {
  return { ...problem, delivery: 'answered', details: { ...problem.details, requestId } };
}
