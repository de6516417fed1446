import { MCPClient, MCPError } from '../../../src/index.js';
import type { ConnectionState, MCPProtocolVersion } from '../../../src/index.js';
import { SimulatedEnvironment } from '../../../src/testing/index.js';
import { turns } from '../../support/outcomes.js';
import { Waiting } from '../../support/waiting.js';
import { Desk } from './desk.js';
import type { Stage, StageBuilder } from './stage.js';
import { WatchedTransport } from './watched-transport.js';
import { BEGINNING, heldBy, step } from './model.js';
import type { Deed, Effect, Outcome, View, Wish, World } from './model.js';

/** Something that the user waits for. */
interface Open {
  readonly key: string;
  readonly controller: AbortController;
  readonly reason: Error;
}

/** Milliseconds of the clock of the client; each is a class of its own, so that the model need not know which comes first. */
const TIMES = {
  /** What pauses between attempts is sent again by then. */
  pause: 5_000,
  probeTimeout: 20_000,
  reconnectDelay: 60_000,
  connectTimeout: 200_000,
  healthCheckInterval: 10_000_000,
  connect: 1_000_000_000,
  call: 1_000_000_000_000,
};

/** More timers than any passing of time takes. */
const MOST_TIMERS = 50;

const PUBLIC: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  idle: ['connecting'],
  connecting: ['initializing', 'reconnecting', 'closed'],
  initializing: ['connecting', 'ready', 'reconnecting', 'closed'],
  ready: ['initializing', 'degraded', 'reconnecting', 'closed'],
  degraded: ['initializing', 'ready', 'reconnecting', 'closed'],
  reconnecting: ['connecting', 'closed'],
  closed: ['connecting'],
};

/** How a travel is watched. */
export interface TravelOptions {
  /** Takes the public states that were seen. */
  readonly seen?: Set<string>;
  /** Milliseconds to wait for what has to come. A bound for what hangs, not a measure. Default: that of the tests. */
  readonly patience?: number;
}

/**
 * A real client that is led along a path through the world by its public methods, while the model says after each deed what has to be
 * seen of it, of its calls and of its server.
 */
export class Traveller {
  readonly #view: View;
  readonly #desk: Desk;
  readonly #stage: Stage;
  readonly #transport: WatchedTransport;
  readonly #client: MCPClient;
  readonly #clock = new SimulatedEnvironment();
  readonly #waiting: Waiting;
  readonly #patience: number | undefined;
  readonly #log: string[] = [];
  readonly #wrong: string[] = [];
  readonly #open = new Map<Wish, Open>();
  #settled = new Map<Wish, Outcome>();
  #world = BEGINNING;
  #count = 0;

  private constructor(view: View, desk: Desk, stage: Stage, waiting: Waiting, { seen, patience }: TravelOptions) {
    this.#patience = patience;
    seen?.add('idle');
    this.#view = view;
    this.#desk = desk;
    this.#stage = stage;
    this.#waiting = waiting;
    this.#transport = new WatchedTransport(stage.transport, () => {
      waiting.wake();
    });
    this.#client = new MCPClient(this.#transport, {
      environment: { ...this.#clock, random: () => 0.5 },
      autoReconnect: view.autoReconnect,
      maxReconnectAttempts: Infinity,
      maxRestarts: Infinity,
      reconnectDelay: TIMES.reconnectDelay,
      maxReconnectDelay: TIMES.reconnectDelay,
      probeTimeout: TIMES.probeTimeout,
      connectTimeout: TIMES.connectTimeout,
      healthCheckInterval: TIMES.healthCheckInterval,
      timeout: TIMES.call,
    });
    this.#client.on('state', (state, from) => {
      this.#log.push(`  ${state}`);
      seen?.add(state);
      if (!PUBLIC[from].includes(state)) this.#complain(`it went from ${from} to ${state}`);
      waiting.wake();
    });
  }

  /** Goes a path to its end, and says what was not as it should have been, with everything that led to it. */
  static async go(
    view: View,
    path: readonly Deed[],
    build: StageBuilder,
    options: TravelOptions = {},
  ): Promise<string[]> {
    const waiting = new Waiting();
    const changed = (): void => {
      waiting.wake();
    };
    const revision: MCPProtocolVersion = view.era === 'modern' ? '2026-07-28' : '2025-11-25';
    const desk = new Desk(revision, changed);
    await using stage = await build(desk, changed);
    const traveller = new Traveller(view, desk, stage, waiting, options);
    try {
      for (const deed of path) {
        await traveller.#take(deed);
        if (traveller.#wrong.length > 0) break;
      }
      await traveller.#end();
    } catch (thrown) {
      traveller.#complain(String(thrown));
      await traveller.#client.disconnect();
    }
    return traveller.#wrong.length === 0 ? [] : [...traveller.#wrong, `Path:\n${traveller.#log.join('\n')}`];
  }

  #complain(what: string): void {
    this.#wrong.push(what);
    this.#log.push(`  WRONG: ${what}`);
  }

  async #take(deed: Deed): Promise<void> {
    const effect = step(this.#view, this.#world, deed);
    if (effect === undefined) return;
    this.#log.push(deed);
    this.#settled = new Map();
    const before = this.#world;
    this.#world = effect.world;
    const opened = await this.#do(deed, before);
    if (deed === 'pass time') await this.#passTime(effect);
    await this.#until(
      () => this.#quiet && this.#differences(effect).length === 0,
      () => `${deed}: ${this.#differences(effect).join('; ')}; quiet: ${this.#quiet}`,
    );
    await turns(2);
    for (const difference of this.#differences(effect)) this.#complain(`${deed}: ${difference}`);
    this.#checkLedger(effect, opened);
    for (const wish of this.#settled.keys()) this.#open.delete(wish);
  }

  #until(met: () => boolean, describe: () => string): Promise<void> {
    return this.#waiting.until(met, describe, this.#patience);
  }

  /** Does it, and says what the user waited for meanwhile. */
  async #do(deed: Deed, { connect }: World): Promise<ReadonlyMap<Wish, Open>> {
    switch (deed) {
      case 'connect':
        this.#wish('connect', ({ controller }) =>
          this.#client.connect({ signal: controller.signal, timeout: TIMES.connect }),
        );
        break;
      case 'read':
        this.#wish('read', async ({ key, controller }) => {
          const { contents } = await this.#client.readResource(key, { signal: controller.signal });
          return (contents[0] as { text?: unknown }).text;
        });
        break;
      case 'act':
        this.#wish('act', async ({ key, controller }) => {
          const { content } = await this.#client.callTool('act', { key }, { signal: controller.signal });
          return (content[0] as { text?: unknown }).text;
        });
        break;
      case 'leave':
        if (connect) this.#abort('connect');
        break;
      case 'abort read':
        this.#abort('read');
        break;
      case 'abort act':
        this.#abort('act');
        break;
      case 'disconnect': {
        const opened = new Map(this.#open);
        await this.#client.disconnect();
        return opened;
      }
      case 'slow down':
        this.#desk.slowDown();
        break;
      case 'catch up':
        this.#desk.catchUp();
        break;
      case 'die':
        await this.#stage.die();
        this.#desk.startAnew();
        break;
      case 'come back':
        await this.#stage.comeBack();
        break;
      case 'drop the link':
        await this.#stage.drop();
        break;
      case 'forget the session':
        this.#stage.forget();
        break;
      case 'pass time':
    }
    return new Map(this.#open);
  }

  #wish(wish: Wish, act: (open: Open) => Promise<unknown>): void {
    const key = `world://${wish}-${(this.#count += 1)}`;
    const open: Open = { key, controller: new AbortController(), reason: new Error(`${key} is not wanted any more`) };
    this.#open.set(wish, open);
    act(open).then(
      (value) => {
        if (wish !== 'connect' && value !== key) this.#complain(`${key} got the answer ${String(value)}`);
        this.#settle(wish, 'result');
      },
      (thrown: unknown) => {
        this.#settle(wish, this.#outcomeOf(wish, open, thrown));
      },
    );
  }

  #outcomeOf(wish: Wish, { reason, key }: Open, thrown: unknown): Outcome {
    if (thrown === reason) return 'aborted';
    if (!MCPError.isInstance(thrown)) {
      this.#complain(`${key} rejected with ${String(thrown)}`);
      return 'failed';
    }
    this.#log.push(`  ${key}: ${thrown.code} ${thrown.delivery ?? ''} ${thrown.message}`);
    const { delivery } = thrown;
    return wish !== 'connect' && (delivery === 'not-sent' || delivery === 'unknown') ? delivery : 'failed';
  }

  #settle(wish: Wish, outcome: Outcome): void {
    this.#log.push(`  ${wish}: ${outcome}`);
    if (this.#settled.has(wish)) this.#complain(`${wish} was settled twice`);
    this.#settled.set(wish, outcome);
    this.#waiting.wake();
  }

  #abort(wish: Wish): void {
    const open = this.#open.get(wish);
    open?.controller.abort(open.reason);
  }

  /** Whether nothing is on its way: what was asked and not answered is what the server holds. */
  get #quiet(): boolean {
    const { moving, asked } = this.#transport;
    const { held } = this.#desk;
    return !moving && asked.size === held.size && [...asked].every((id) => held.has(id));
  }

  /** What is not (yet) as the model says. */
  #differences({ world, settled }: Effect): string[] {
    const found: string[] = [];
    const compare = (what: string, is: unknown, expected: unknown): void => {
      const [seen, should] = [JSON.stringify(is), JSON.stringify(expected)];
      if (seen !== should) found.push(`${what}: ${seen} instead of ${should}`);
    };
    const established = world.client === 'ready' || world.client === 'degraded';
    compare('the state', this.#client.state, world.client);
    compare('whether it is connected', this.#client.isConnected(), established);
    compare('what was settled', Object.fromEntries([...this.#settled].sort()), sorted(settled));
    compare('what the server holds', this.#desk.holding, heldBy(world));
    return found;
  }

  #checkLedger({ settled, attempts }: Effect, opened: ReadonlyMap<Wish, Open>): void {
    for (const wish of ['read', 'act'] as const) {
      const outcome = settled[wish];
      if (outcome === undefined) continue;
      const { key } = opened.get(wish) as Open;
      const runs = this.#desk.ledger.get(key) ?? 0;
      const most = attempts[wish] ?? 0;
      // Where exchanges break at the same time as the link is given up, the last attempt may not have arrived.
      const least = wish === 'read' && this.#view.framing === 'per-request' ? Math.min(most, 1) : most;
      if (runs < least || runs > most) this.#complain(`${key} ran ${runs} times and was sent ${most} times`);
    }
  }

  /** Lets one timer after the other fire, and everything happen that follows from it, until what is expected has happened. */
  async #passTime(effect: Effect): Promise<void> {
    await this.#calm();
    for (let fired = 0; this.#differences(effect).length > 0; fired += 1) {
      const [next] = this.#clock.pending;
      if (next === undefined || fired > MOST_TIMERS) break;
      await this.#clock.advance(next.at - this.#clock.now());
      await this.#calm();
    }
    // What pauses shall do so no longer: all other times are longer by far.
    const until = this.#clock.now() + TIMES.pause;
    for (let [next] = this.#clock.pending; next !== undefined && next.at <= until; [next] = this.#clock.pending) {
      await this.#clock.advance(next.at - this.#clock.now());
      await this.#calm();
    }
  }

  async #calm(): Promise<void> {
    await turns(2);
    await this.#until(
      () => this.#quiet,
      () => `the world does not come to rest: ${JSON.stringify([...this.#transport.asked])} are asked`,
    );
    await turns(2);
  }

  /** Leaves, and looks that nothing is left. */
  async #end(): Promise<void> {
    await this.#take('disconnect');
    if (this.#open.size > 0) this.#complain(`${[...this.#open.keys()].join()} is not settled`);
    await this.#until(
      () => this.#stage.connections === 0,
      () => `${this.#stage.connections} connections are left`,
    );
    const timers = [...this.#clock.pending.map(({ delay }) => `of ${delay} ms`)];
    if (timers.length > 0) this.#complain(`timers are left: ${timers.join(', ')}`);
    if (this.#transport.timers > 0) this.#complain(`${this.#transport.timers} timers of links are left`);
    if (this.#transport.connected || this.#stage.transport.connected) this.#complain('the transport is connected');
  }
}

function sorted(settled: Effect['settled']): object {
  return Object.fromEntries(Object.entries(settled).sort());
}
