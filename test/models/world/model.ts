import type { ConnectionState } from '../../../src/index.js';

/** What users, servers and the network do, and time, which passes until it changes something. */
export const DEEDS = [
  'connect',
  'leave',
  'disconnect',
  'read',
  'act',
  'abort read',
  'abort act',
  'slow down',
  'catch up',
  'die',
  'come back',
  'drop the link',
  'forget the session',
  'pass time',
] as const;

/**
 * `leave` aborts a `connect()` that waits. `read` is a call that may be repeated, `act` one with a side effect. A server that slows down
 * hears everything and answers nothing until it catches up.
 */
export type Deed = (typeof DEEDS)[number];

/** What the user waits for. There is at most one of each at a time. */
export type Wish = 'connect' | 'read' | 'act';

/** How a wish ends. */
export type Outcome = 'result' | 'failed' | 'not-sent' | 'unknown' | 'aborted';

/** What decides how a client fares in the same world. */
export interface View {
  /** Whether all messages share a link, or each request has an exchange of its own. */
  readonly framing: 'shared' | 'per-request';
  readonly era: 'modern' | 'legacy';
  readonly autoReconnect: boolean;
}

/** A call that is open: it waits for a session, at the server, or for the time to be sent again. */
interface OpenCall {
  readonly phase: 'queued' | 'held' | 'pausing';
  /** How often it was sent and may have run. */
  readonly attempts: number;
  /** A server that had forgotten the session has refused it. */
  readonly refused: boolean;
}

type ServerRequest = 'server/discover' | 'initialize';

/** The world between two deeds, when everything has happened that needs no time. */
export interface World {
  readonly server: 'prompt' | 'slow' | 'down';
  /** The public state of the client. It only passes through `connecting`. */
  readonly client: Exclude<ConnectionState, 'connecting'>;
  /** No session stood since the user asked for one. */
  readonly initial: boolean;
  /** The client has seen what era the server is of. */
  readonly known: boolean;
  /** The questions of the negotiation that the server has not answered. */
  readonly asked: readonly ServerRequest[];
  /** A `connect()` waits. */
  readonly connect: boolean;
  readonly read: OpenCall | undefined;
  readonly act: OpenCall | undefined;
  /** The server does not know the session of the client any more. */
  readonly forgotten: boolean;
  /** Exchanges in a row that got no response. Those that fail together are one. */
  readonly strikes: number;
  /** Answers have come since the connection became degraded, so that the next check need not ask. */
  readonly traffic: boolean;
}

/** What a deed leads to. */
export interface Effect {
  readonly world: World;
  readonly settled: Readonly<Partial<Record<Wish, Outcome>>>;
  /** How often a call may have run that is settled. */
  readonly attempts: Readonly<Partial<Record<Wish, number>>>;
}

/** The world before anything was done. */
export const BEGINNING: World = {
  server: 'prompt',
  client: 'idle',
  initial: true,
  known: false,
  asked: [],
  connect: false,
  read: undefined,
  act: undefined,
  forgotten: false,
  strikes: 0,
  traffic: false,
};

/** Exchanges without a response in a row after which the server is taken for unreachable. */
const STRIKES_ALLOWED = 3;
/** A read that was sent this often is not lost once more, so that the model is finite. The requests have tests of their own for that. */
const MOST_ATTEMPTS = 3;

const CALLS = ['read', 'act'] as const;
type CallName = (typeof CALLS)[number];

/** What becomes of the world by a deed; undefined when it cannot be done, or would change nothing. */
export function step(view: View, world: World, deed: Deed): Effect | undefined {
  const turn = new Turn(view, world);
  return turn.take(deed) ? turn.effect : undefined;
}

/** The methods that the server holds and has not answered. */
export function heldBy({ asked, read, act }: World): string[] {
  const calls = [read?.phase === 'held' ? ['resources/read'] : [], act?.phase === 'held' ? ['tools/call'] : []].flat();
  return [...asked, ...calls].sort();
}

type Draft = { -readonly [Name in keyof World]: World[Name] };

/** One deed and all that follows from it before time passes. */
class Turn {
  readonly #view: View;
  readonly #world: Draft;
  readonly #settled: Partial<Record<Wish, Outcome>> = {};
  readonly #attempts: Partial<Record<Wish, number>> = {};
  /** One of the exchanges that fail together was counted. */
  #struck = false;

  constructor(view: View, world: World) {
    this.#view = view;
    this.#world = { ...world };
  }

  get effect(): Effect {
    return { world: this.#world, settled: this.#settled, attempts: this.#attempts };
  }

  take(deed: Deed): boolean {
    const world = this.#world;
    switch (deed) {
      case 'connect':
        return !world.connect && this.#connect();
      case 'leave':
        return world.connect && this.#leave();
      case 'disconnect':
        if (world.client !== 'idle') this.#close();
        return true;
      case 'read':
      case 'act':
        return world[deed] === undefined && this.#call(deed);
      case 'abort read':
        return this.#abort('read');
      case 'abort act':
        return this.#abort('act');
      case 'slow down':
        if (world.server !== 'prompt') return false;
        world.server = 'slow';
        return true;
      case 'catch up':
        return world.server === 'slow' && this.#catchUp();
      case 'die':
        return world.server !== 'down' && this.#mayLoseMore && this.#die();
      case 'come back':
        if (world.server !== 'down') return false;
        world.server = 'prompt';
        return true;
      case 'drop the link':
        return world.server !== 'down' && this.#linked && this.#mayLoseMore && this.#drop();
      case 'forget the session':
        if (!this.#hasSession || !this.#established || world.server === 'down' || world.forgotten) return false;
        world.forgotten = true;
        return true;
      case 'pass time':
        return this.#passTime();
    }
  }

  get #shared(): boolean {
    return this.#view.framing === 'shared';
  }

  /** Whether the server may forget a session, rather than have none or one that lasts as long as the link. */
  get #hasSession(): boolean {
    return !this.#shared && this.#view.era === 'legacy';
  }

  get #established(): boolean {
    return this.#world.client === 'ready' || this.#world.client === 'degraded';
  }

  get #linked(): boolean {
    return this.#established || this.#world.client === 'initializing';
  }

  get #mayLoseMore(): boolean {
    return (this.#world.read?.attempts ?? 0) < MOST_ATTEMPTS;
  }

  #settle(wish: Wish, outcome: Outcome): void {
    this.#settled[wish] = outcome;
    if (wish === 'connect') this.#world.connect = false;
    else {
      this.#attempts[wish] = this.#world[wish]?.attempts ?? 0;
      this.#world[wish] = undefined;
    }
  }

  #change(name: CallName, change: Partial<OpenCall>): void {
    this.#world[name] = { ...(this.#world[name] as OpenCall), ...change };
  }

  #in(phase: OpenCall['phase']): CallName[] {
    return CALLS.filter((name) => this.#world[name]?.phase === phase);
  }

  #connect(): boolean {
    const world = this.#world;
    world.connect = true;
    if (this.#established) this.#settle('connect', 'result');
    else if (world.client === 'idle' || world.client === 'closed') {
      world.initial = true;
      this.#attempt();
    }
    return true;
  }

  #leave(): boolean {
    this.#settle('connect', 'aborted');
    // Only the connection that was lost comes back whoever waits.
    if (this.#world.initial) this.#close();
    return true;
  }

  #call(name: CallName): boolean {
    const { client } = this.#world;
    this.#world[name] = { phase: 'queued', attempts: 0, refused: false };
    if (this.#established) this.#send(name);
    else if (client === 'idle' || client === 'closed') this.#settle(name, 'not-sent');
    return true;
  }

  #abort(name: CallName): boolean {
    const world = this.#world;
    const call = world[name];
    if (call === undefined) return false;
    this.#settle(name, 'aborted');
    // The server is told, and then it says that it does not know the session.
    if (call.phase === 'held' && this.#established && world.forgotten) this.#renew();
    return true;
  }

  #catchUp(): boolean {
    const world = this.#world;
    world.server = 'prompt';
    for (const name of this.#in('held')) this.#answer(name);
    if (world.client === 'initializing') this.#answerQuestions();
    return true;
  }

  #die(): boolean {
    this.#world.server = 'down';
    if (this.#established && this.#hasSession) this.#world.forgotten = true;
    if (this.#linked) this.#drop();
    return true;
  }

  #drop(): boolean {
    if (this.#established && !this.#shared) this.#breakExchanges();
    else this.#loseLink();
    return true;
  }

  /** Time passes until it changes something. It passes slowly for what pauses and fast for the monitor of the connection. */
  #passTime(): boolean {
    const world = this.#world;
    if (world.client === 'reconnecting') {
      this.#attempt();
      return true;
    }
    if (world.client === 'initializing') {
      for (const name of this.#in('pausing')) this.#change(name, { phase: 'queued' });
      // A server that says nothing to the modern question may know only the older one.
      if (world.asked.join() === 'server/discover') world.asked = ['server/discover', 'initialize'];
      else this.#failAttempt();
      return true;
    }
    if (!this.#established) return false;
    if (this.#in('pausing').length > 0) {
      while (this.#established && this.#in('pausing').length > 0) {
        const again = this.#in('pausing');
        for (const name of again) this.#change(name, { phase: 'queued' });
        this.#struck = false;
        for (const name of again) this.#sendQueued(name);
      }
      return true;
    }
    return this.#checkHealth();
  }

  #checkHealth(): boolean {
    const world = this.#world;
    const suspect = world.client === 'degraded';
    if (world.server === 'down') {
      if (suspect) this.#loseLink();
      else {
        world.client = 'degraded';
        this.#strike();
      }
      return true;
    }
    if (world.server === 'prompt') {
      if (!suspect) return false;
      if (world.forgotten && !world.traffic) this.#renew();
      else {
        world.client = 'ready';
        if (!world.traffic) world.strikes = 0;
        world.traffic = false;
      }
      return true;
    }
    if (world.forgotten && !suspect) this.#renew();
    else if (!suspect) world.client = 'degraded';
    else {
      // A busy server may just be working, and without link and session nothing could be opened anew.
      if (this.#in('held').length > 0 || (!this.#shared && !this.#hasSession)) return false;
      if (world.forgotten) this.#renew();
      else this.#loseLink();
    }
    return true;
  }

  /** Opens a link and asks the first question over it. */
  #attempt(): void {
    const world = this.#world;
    if (world.server === 'down') {
      this.#failAttempt();
      return;
    }
    world.client = 'initializing';
    world.asked = [world.known && this.#view.era === 'legacy' ? 'initialize' : 'server/discover'];
    if (world.server === 'prompt') this.#answerQuestions();
  }

  #answerQuestions(): void {
    // Who took a modern server for an older one learns that it is none.
    if (this.#view.era === 'modern' && !this.#world.asked.includes('server/discover')) this.#failAttempt();
    else this.#establish();
  }

  #establish(): void {
    Object.assign(this.#world, {
      client: 'ready',
      initial: false,
      known: true,
      asked: [],
      forgotten: false,
      strikes: 0,
      traffic: false,
    } satisfies Partial<World>);
    if (this.#world.connect) this.#settle('connect', 'result');
    for (const name of this.#in('queued')) this.#sendQueued(name);
  }

  #sendQueued(name: CallName): void {
    if (this.#established && this.#world[name]?.phase === 'queued') this.#send(name);
  }

  #send(name: CallName): void {
    const world = this.#world;
    const { attempts, refused } = world[name] as OpenCall;
    if (world.server === 'down') this.#refuseConnection(name, attempts);
    else if (world.forgotten) {
      if (refused) this.#settle(name, attempts > 0 ? 'unknown' : 'not-sent');
      else this.#change(name, { phase: 'queued', refused: true });
      this.#renew();
    } else {
      this.#change(name, { phase: 'held', attempts: attempts + 1 });
      if (world.server !== 'slow') this.#answer(name);
    }
  }

  #answer(name: CallName): void {
    const world = this.#world;
    this.#settle(name, 'result');
    world.strikes = 0;
    // Over a link that is shared there is nothing that one more question would bring about.
    if (world.client === 'degraded' && !this.#shared) world.traffic = true;
  }

  #refuseConnection(name: CallName, attempts: number): void {
    if (this.#view.autoReconnect) this.#change(name, { phase: 'pausing' });
    else this.#settle(name, attempts > 0 ? 'unknown' : 'not-sent');
    this.#strike();
  }

  /** Makes a new session over the same link, while exchanges that are open go on. */
  #renew(): void {
    const world = this.#world;
    world.client = 'initializing';
    world.asked = ['initialize'];
    world.forgotten = false;
    world.traffic = false;
    if (world.server === 'prompt') this.#establish();
  }

  /** Ends all exchanges, and not the connection, unless it is one failure too many. */
  #breakExchanges(): void {
    const again: CallName[] = [];
    this.#struck = false;
    for (const name of this.#in('held')) {
      // The failure before may have been one too many.
      if (this.#world[name]?.phase !== 'held') break;
      const { attempts } = this.#world[name];
      if (name === 'act') this.#settle(name, 'unknown');
      // The first loss may be bad luck, and is made good at once.
      else if (attempts > 1) this.#change(name, { phase: 'pausing' });
      else {
        this.#change(name, { phase: 'queued' });
        again.push(name);
      }
      // It was on its way again already.
      if (!this.#struck && this.#world.strikes + 1 === STRIKES_ALLOWED) {
        for (const sent of again) this.#change(sent, { attempts: attempts + 1 });
      }
      this.#strike();
    }
    this.#struck = false;
    for (const name of again) this.#sendQueued(name);
  }

  #strike(): void {
    if (this.#struck) return;
    this.#struck = true;
    this.#world.strikes += 1;
    if (this.#world.strikes === STRIKES_ALLOWED) this.#loseLink();
  }

  #loseLink(): void {
    const world = this.#world;
    const { initial, known, asked } = world;
    // Some legacy servers end on a question that they do not know. One more start tells.
    if (this.#shared && initial && !known && asked.includes('server/discover') && world.server !== 'down') {
      world.asked = ['initialize'];
    } else this.#failAttempt();
  }

  /** There is no link any more. It is opened anew after a while, or not. */
  #failAttempt(): void {
    const world = this.#world;
    if (world.initial || !this.#view.autoReconnect) {
      this.#close();
      return;
    }
    for (const name of this.#in('pausing')) this.#change(name, { phase: 'queued' });
    for (const name of this.#in('held')) {
      if (name === 'act') this.#settle(name, 'unknown');
      else this.#change(name, { phase: 'queued' });
    }
    Object.assign(world, {
      client: 'reconnecting',
      asked: [],
      forgotten: false,
      strikes: 0,
      traffic: false,
    } satisfies Partial<World>);
  }

  #close(): void {
    const world = this.#world;
    if (world.connect) this.#settle('connect', 'failed');
    for (const name of CALLS) {
      const call = world[name];
      if (call !== undefined) this.#settle(name, call.attempts > 0 ? 'unknown' : 'not-sent');
    }
    Object.assign(world, {
      client: 'closed',
      initial: true,
      asked: [],
      forgotten: false,
      strikes: 0,
      traffic: false,
    } satisfies Partial<World>);
  }
}
