import { createActor } from 'xstate';
import type { ActorRefFrom } from 'xstate';

import type { MCPClient } from '../api/client.js';
import { checkCallOptions, REQUEST_OPTIONS, SINCE } from '../api/options/call-options.js';
import type { ListOptions, RequestOptions } from '../api/options/call-options.js';
import { DEFAULT_TIMEOUT } from '../api/options/options.js';
import { toError } from '../errors.js';
import type { MCPError } from '../errors.js';
import { memberMachine, memberPorts } from '../machines/member/member-machine.js';
import type { MemberEvent, MemberState } from '../machines/member/member-machine.js';
import type { Environment } from '../util/environment.js';
import { failure, internalFailure, isFailure, rephrased } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import type { CallSlots } from './call-slots.js';
import type { MemberConnection } from './member-connection.js';
import { failureOf, notStarted, removed } from './member-errors.js';
import type { ListItem, ListKind, MemberLists } from './member-lists.js';
import { memberEffects } from './member-effects.js';
import type { MemberInspection } from './member-effects.js';
import type { MemberSettings } from './member-settings.js';
import type { StartSlots } from './start-slots.js';
import { timedOut } from './waiting-room.js';
import type { EndWait, WaitingRoom, WaitLimit } from './waiting-room.js';

/** What a member uses of its group. */
export interface MemberSurroundings {
  readonly environment: Environment;
  readonly room: WaitingRoom;
  readonly slots: CallSlots;
  readonly starts: StartSlots;
  readonly inspection: MemberInspection;
  /** The server has another state. */
  moved(member: Member, state: MemberState, reason: Failure | undefined): void;
  report(name: 'warning' | 'error', server: string, problem: Failure): void;
}

/** The parts of a member. */
export interface MemberParts {
  readonly name: string;
  readonly settings: MemberSettings;
  /** Makes the connection. `count` counts server requests. */
  readonly connect: (count: (event: 'begin' | 'end') => void) => MemberConnection;
  readonly lists: (member: Member) => MemberLists;
}

/** The options of a call that limit how long it takes. */
export type Limits = Pick<RequestOptions, 'timeout' | 'maxTotalTimeout' | 'signal'>;

/** How {@link Member.use} waits. */
interface Use {
  /** Whether the call takes one of the slots of the option `concurrency`. Default true. */
  readonly slot?: boolean;
  /** The time at which the limits of the call begin. Default: now. */
  readonly since?: number | undefined;
  /** Default: those of the options. */
  readonly limit?: WaitLimit;
}

/**
 * One server of a group. It runs the chart, which makes all decisions about the state, and gives the client to calls as soon as the server is
 * awake.
 */
export class Member {
  readonly name: string;
  readonly settings: MemberSettings;
  readonly connection: MemberConnection;
  readonly lists: MemberLists;
  readonly #surroundings: MemberSurroundings;
  readonly #actor: ActorRefFrom<typeof memberMachine>;
  /** The calls that wait until the server is awake, with their names. */
  readonly #waiting = new Map<EndWait, string>();
  /** Resolves when the member is removed. */
  readonly #gone: Promise<void>;
  #resolveGone: () => void = () => undefined;
  #state: MemberState = 'asleep';

  /** @throws MCPError with code `MCP_INVALID_PARAMS` if the target or an option is invalid */
  constructor({ name, settings, connect, lists }: MemberParts, surroundings: MemberSurroundings) {
    this.name = name;
    this.settings = settings;
    this.#surroundings = surroundings;
    this.#gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    this.connection = connect((type) => {
      this.#send({ type });
    });
    this.#actor = this.#createActor();
    surroundings.slots.add(this, settings.concurrency);
    this.lists = lists(this);
    this.#listen();
    this.#actor.start();
  }

  #createActor(): ActorRefFrom<typeof memberMachine> {
    const { environment, inspection, starts } = this.#surroundings;
    const actor = createActor(memberMachine, {
      input: { idleTimeout: this.settings.idleTimeout },
      clock: {
        setTimeout: (fn, delay) => {
          const timer = environment.setTimeout(fn, delay);
          // The connection keeps the process alive, and a server that is to be put to sleep does not.
          environment.hold?.(timer, false);
          return timer;
        },
        clearTimeout: (timer: unknown) => {
          environment.clearTimeout(timer);
        },
      },
      ...inspection(this.name, this.connection),
    });
    memberPorts.provide(actor.system, memberEffects(this.connection, starts));
    actor.subscribe({
      next: ({ tags, context }) => {
        this.#moved([...tags][0] as MemberState, context.failure);
      },
      error: (thrown: unknown) => {
        // A fault of this library.
        this.#surroundings.report('error', this.name, internalFailure(thrown, 'connection', 'The server was removed'));
        this.#moved('removed', undefined);
        void this.connection.close().then(this.#resolveGone);
      },
      complete: () => {
        this.#resolveGone();
      },
    });
    return actor;
  }

  #listen(): void {
    const { connection } = this;
    connection.on('state', (state) => {
      if (state !== 'closed') return;
      const message = 'The connection was closed';
      const why = connection.current.lastError;
      this.#send({
        type: 'lost',
        failure: why === undefined ? failure('connection', 'MCP_CONNECTION_CLOSED', message) : failureOf(why),
      });
    });
    connection.on('toolsChanged', ({ tools }) => {
      this.lists.keep({ tools }, connection.client);
    });
    for (const name of ['warning', 'error'] as const) {
      connection.on(name, (problem) => {
        this.#surroundings.report(name, this.name, failureOf(problem));
      });
    }
  }

  #send(event: MemberEvent): void {
    // XState warns of events to an actor that has ended, such as the end of a call whose server was removed.
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event);
  }

  #moved(state: MemberState, why: Failure | undefined): void {
    if (state === this.#state) return;
    this.#state = state;
    const waiting = [...this.#waiting];
    if (state === 'awake') for (const [end] of waiting) end();
    if (state === 'removed') {
      for (const [end, call] of waiting) end(removed(this.name, call));
      this.#surroundings.slots.remove(this);
    }
    if (state === 'down' && why !== undefined) {
      const explanation = this.explain();
      for (const [end, call] of waiting) end(notStarted(this.name, call, why, explanation));
    }
    if (state === 'awake') this.#refresh();
    this.#surroundings.moved(this, state, why);
  }

  get #now(): number {
    return this.#surroundings.environment.now();
  }

  /** The state that users see. */
  get state(): MemberState {
    return this.#state;
  }

  /** Why the server is down; undefined in other states. */
  get failure(): Failure | undefined {
    return this.#actor.getSnapshot().context.failure;
  }

  /** Whether a call is expected to reach the server: false while it is down, or its connection is lost. */
  get available(): boolean {
    if (this.#state === 'awake') return this.connection.current.isConnected();
    return this.#state !== 'down' && this.#state !== 'removed';
  }

  /** Explains the state of the server and of its connection, for people. */
  explain(): string {
    const { open, idleTimeout } = this.#actor.getSnapshot().context;
    const calls = open === 0 ? '' : ` ${open === 1 ? '1 call needs' : `${open} calls need`} it.`;
    const idle = idleTimeout === Infinity ? ' It never sleeps.' : ` It sleeps after ${idleTimeout} ms without calls.`;
    const session = this.connection.suspended ? ' Its session is suspended.' : '';
    const head = `Server "${this.name}" is ${this.#state}.${calls}${this.#state === 'awake' ? idle : ''}${session}`;
    return `${head}\n${this.connection.current.explain()}`;
  }

  /** The limits of a call, from its options and those of the connection. */
  limit(call: string, { timeout, maxTotalTimeout, signal }: Limits, since = this.#now): WaitLimit {
    checkCallOptions(call, { timeout, maxTotalTimeout, signal }, REQUEST_OPTIONS);
    const { options } = this.settings;
    const one = timeout ?? options.timeout ?? DEFAULT_TIMEOUT;
    const shorter = Math.min(one, maxTotalTimeout ?? options.maxTotalTimeout ?? Infinity);
    return { call, timeout: shorter, deadline: since + shorter, signal };
  }

  /**
   * Does something with the client of the server. Wakes the server, and waits for it and for a free slot within the limits of the call.
   * @param work gets the options of the call, less the time that has passed
   * @throws MCPError with `delivery: 'not-sent'` if the server cannot be started or the time has passed; the errors of `work`; the signal's
   * reason when it is aborted
   */
  async use<Options extends Limits, Result>(
    call: string,
    options: Options,
    work: (client: MCPClient, options: Options) => Promise<Result>,
    { slot = true, since, limit = this.limit(call, options, since) }: Use = {},
  ): Promise<Result> {
    options.signal?.throwIfAborted();
    const began = since ?? this.#now;
    let give: (() => void) | undefined;
    let waited = since !== undefined && since < this.#now;
    this.#send({ type: 'begin' });
    try {
      while (this.#state !== 'awake' || (slot && give === undefined)) {
        waited = true;
        if (this.#state !== 'awake') {
          give?.();
          give = undefined;
          await this.#awake(limit);
        } else {
          const taken = await this.#surroundings.slots.take(this, limit);
          if (isFailure(taken)) throw toError(taken);
          give = taken;
        }
      }
      // A search for the name or a wait may have taken all the time.
      if (waited && this.#now >= limit.deadline) throw this.#error(timedOut(limit.call, limit.timeout, 'searching'));
      return await work(this.connection.client, waited ? this.#rest(options, began) : options);
    } finally {
      give?.();
      this.#send({ type: 'end' });
    }
  }

  /** Waits until the server is awake. A server that is down is started again. */
  async #awake(limit: WaitLimit): Promise<void> {
    if (this.#state === 'down') {
      // The call has been counted, and only a new one starts a server.
      this.#send({ type: 'begin' });
      this.#send({ type: 'end' });
    }
    const problem =
      this.#state === 'removed'
        ? removed(this.name, limit.call)
        : await this.#surroundings.room.wait(limit, 'waking', (end) => {
            this.#waiting.set(end, limit.call);
            return () => this.#waiting.delete(end);
          });
    if (problem !== undefined) throw this.#error(problem);
  }

  #error(problem: Failure): MCPError {
    if (problem.code !== 'MCP_TIMEOUT' || problem.details?.explanation !== undefined) return toError(problem);
    const details = { ...problem.details, server: this.name, explanation: this.explain() };
    return toError(rephrased(problem, problem.message, details));
  }

  /** The options for a call that has waited: the time before counts. */
  #rest<Options extends Limits>(options: Options, began: number): Options {
    const total = options.maxTotalTimeout ?? this.settings.options.maxTotalTimeout;
    const passed = this.#now - began;
    return {
      ...options,
      [SINCE]: began,
      ...(total !== undefined && { maxTotalTimeout: Math.max(total - passed, 1) }),
    };
  }

  /**
   * Requests a list from the server, unless the client has a fresh one, and wakes the server if necessary.
   * @throws the errors of {@link Member.use}
   */
  list<Kind extends ListKind>(kind: Kind, options: ListOptions, limit?: WaitLimit): Promise<readonly ListItem[Kind][]> {
    return this.use(
      `The list of ${kind} of "${this.name}"`,
      options,
      (client, own) => this.lists.fetch(kind, client, own),
      {
        ...(limit && { limit }),
        slot: false,
      },
    );
  }

  /** Requests the known lists again, because they may have changed while the server was not running. */
  #refresh(): void {
    for (const kind of new Set<ListKind>(['tools', ...this.lists.kinds])) {
      this.list(kind, {}).catch((thrown: unknown) => {
        // The next call reports why the server is down, or was removed.
        if (this.#state === 'awake') this.#surroundings.report('warning', this.name, failureOf(thrown));
      });
    }
  }

  /** Keeps the server awake until the returned function is called. */
  hold(): () => void {
    this.#send({ type: 'begin' });
    let held = true;
    return () => {
      if (held) this.#send({ type: 'end' });
      held = false;
    };
  }

  /** Closes the connection for good. Resolves when everything is released; never rejects. */
  async remove(): Promise<void> {
    this.#send({ type: 'remove' });
    await this.#gone;
    await this.lists.written();
  }
}
