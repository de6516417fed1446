import type { MCPClientOptions, MCPProtocolVersion } from '../../src/index.js';
import { seededRandom } from '../../src/testing/random.js';
import type { ChaosOptions, ChaosProxyOptions } from '../../src/testing/index.js';

/** A call: what is asked, how long the server takes over it, and what happens to it on the way. */
export interface CallStep {
  readonly do: 'list' | 'read' | 'look' | 'act' | 'fail';
  /** Milliseconds. */
  readonly takes: number;
  readonly timeout?: number;
  readonly maxTotalTimeout?: number;
  /** Milliseconds until its signal is aborted. */
  readonly abortAfter?: number;
  readonly progress: boolean;
  readonly retry?: 'safe' | 'never';
}

/** Something that happens in the course of a schedule. */
export type Step =
  | CallStep
  | { readonly do: 'connect'; readonly abortAfter?: number }
  | { readonly do: 'disconnect' | 'reconnect' | 'ping' | 'announce' | 'watch' | 'unwatch' | 'log' }
  /** The server dies, and is back after this many milliseconds. */
  | { readonly do: 'die'; readonly pause: number };

/** What a server with sign-in refuses: rates by request. */
export interface Refusals {
  /** All tokens are invalid from this request to the MCP server on, which gets 401. */
  readonly expire: number;
  /** A request to the MCP server lacks a scope, and gets 403. */
  readonly lack: number;
  /** A refresh token is refused. */
  readonly spent: number;
  /** The token endpoint is out of order. */
  readonly outage: number;
  /** A person who is asked to sign in cancels. */
  readonly cancel: number;
}

/** What happens, when, and what is expected of it. A seed decides all of it. */
export interface Schedule {
  readonly seed: number;
  readonly revision: MCPProtocolVersion;
  /**
   * No message disappears, the server always comes back, and the client may try for ever: every call that is safe to repeat must
   * succeed, and none may time out.
   */
  readonly fair: boolean;
  /** Supervised by an `MCPConnection`. */
  readonly supervised: boolean;
  /** What happens to messages. */
  readonly faults: ChaosOptions;
  /** What happens to bytes and requests of HTTP, where there is a network. */
  readonly network: ChaosProxyOptions;
  /** What is refused, where a person has to sign in. */
  readonly refusals: Refusals;
  readonly options: MCPClientOptions;
  readonly steps: readonly (readonly [at: number, step: Step])[];
  /** When the client is disconnected for good, in milliseconds from the start; calls may be in flight then. */
  readonly end: number;
}

/** How schedules over a kind of transport differ: the unit of time, in milliseconds, and how many steps there are at most. */
export interface Pace {
  readonly unit: number;
  readonly steps: number;
  /** Whether doubled requests are known as such by the server. */
  readonly doubles: boolean;
  /** How much more time there is for what must not run out of it. */
  readonly patience: number;
}

const REVISIONS: readonly MCPProtocolVersion[] = ['2026-07-28', '2026-07-28', '2025-11-25', '2025-06-18', '2024-11-05'];

/** Draws of one schedule. */
class Draw {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** A whole number from `low` to `high`. */
  upTo(high: number, low = 0): number {
    return low + Math.floor(this.#random() * (high - low + 1));
  }

  rate(most: number): number {
    return this.#random() * most;
  }

  of<T>(all: readonly T[]): T {
    return all[this.upTo(all.length - 1)] as T;
  }
}

/** The schedule of a seed. */
export function scheduleOf(seed: number, { unit, steps: most, doubles, patience }: Pace): Schedule {
  const draw = new Draw(seed);
  const fair = draw.chance(0.5);
  const revision = draw.of(REVISIONS);
  const supervised = draw.chance(0.3);
  const faults = drawFaults(draw, seed, fair, unit, doubles);
  const options = drawOptions(draw, fair, unit, patience);
  const end = draw.upTo(400, 100) * unit;
  const steps: [number, Step][] = draw.chance(0.9) ? [[0, { do: 'connect' }]] : [];
  for (let left = draw.upTo(most, 5); left > 0; left -= 1) {
    // Some come in bursts.
    const at = draw.chance(0.3) ? (steps.at(-1)?.[0] ?? 0) : draw.upTo(end - 1);
    const step = drawStep(draw, fair, unit);
    steps.push([at, step]);
    // Most users come back.
    if (step.do === 'disconnect' && draw.chance(0.8)) steps.push([at + draw.upTo(20) * unit, { do: 'connect' }]);
  }
  steps.sort(([one], [other]) => one - other);
  const network = drawNetwork(new Draw(~seed), seed, fair, unit);
  const refusals = drawRefusals(new Draw(~seed ^ 0x5a5a), fair);
  return { seed, revision, fair, supervised, faults, network, refusals, options, steps, end };
}

/** Has dice of its own, as the network has. */
function drawRefusals(draw: Draw, fair: boolean): Refusals {
  const sometimes = (most: number): number => (draw.chance(0.6) ? draw.rate(most) : 0);
  return {
    ...{ expire: draw.rate(0.15), lack: sometimes(0.1), spent: sometimes(0.2), outage: sometimes(0.2) },
    cancel: fair ? 0 : sometimes(0.3),
  };
}

function drawFaults(draw: Draw, seed: number, fair: boolean, unit: number, doubles: boolean): ChaosOptions {
  const sometimes = (most: number): number => (draw.chance(0.5) ? draw.rate(most) : 0);
  const duplicate = sometimes(0.1);
  const always = {
    seed,
    maxDelay: draw.upTo(20, 1) * unit,
    stallTime: 60 * unit,
    lateBy: draw.upTo(200, 20) * unit,
    delay: sometimes(0.2),
    duplicate: doubles ? duplicate : { 'to-client': duplicate },
    reorder: sometimes(0.1),
    killBeforeWrite: sometimes(0.05),
    killAfterWrite: sometimes(0.05),
    refuse: sometimes(0.3),
  };
  if (fair) return always;
  return { ...always, drop: sometimes(0.1), stall: sometimes(0.02), answerLate: sometimes(0.1) };
}

/** Has dice of its own: what happens to messages does not depend on whether there is a network. */
function drawNetwork(draw: Draw, seed: number, fair: boolean, unit: number): ChaosProxyOptions {
  const sometimes = (most: number): number => (draw.chance(0.4) ? draw.rate(most) : 0);
  const always = {
    seed,
    slowTime: 20 * unit,
    retryAfter: draw.of([0, 0, 1]),
    refuse: sometimes(0.2),
    split: sometimes(0.2),
    slow: sometimes(0.1),
    truncate: sometimes(0.1),
    resetBefore: sometimes(0.1),
    resetAfter: sometimes(0.1),
    forget: sometimes(0.1),
    unavailable: sometimes(0.05),
    busy: sometimes(0.1),
  };
  // Where messages share a stream, one of them disappears.
  return fair ? always : { ...always, corrupt: sometimes(0.1) };
}

function drawOptions(draw: Draw, fair: boolean, unit: number, patience: number): MCPClientOptions {
  const autoReconnect = fair || draw.chance(0.7);
  return {
    autoReconnect,
    maxReconnectAttempts: fair ? 1_000 : draw.upTo(5, 1),
    ...(fair && { maxRestarts: Infinity }),
    reconnectDelay: draw.upTo(10, 1) * unit,
    maxReconnectDelay: 20 * unit,
    retryInitialConnect: draw.chance(0.8),
    timeout: (fair ? 3_000 * patience : draw.upTo(60, 10)) * unit,
    connectTimeout: (fair ? 500 : draw.upTo(100, 10)) * patience * unit,
    probeTimeout: (fair ? 400 * patience : draw.upTo(50, 5)) * unit,
    whenDisconnected: !fair && draw.chance(0.2) ? 'fail' : 'wait',
    maxQueued: fair ? 1_000 : draw.of([0, 2, 1_000]),
    healthCheckInterval: draw.chance(0.4) ? draw.upTo(60, 20) * unit : 0,
    retry: draw.of(['auto', 'auto', 'auto', 'never']),
    // It may be wrong.
    ...(draw.chance(0.15) && { priorEra: draw.of(['modern', 'legacy'] as const) }),
    // With an inspector each request is an actor of its own.
    ...(draw.chance(0.1) && { inspect: () => undefined }),
  };
}

function drawStep(draw: Draw, fair: boolean, unit: number): Step {
  const kind = draw.upTo(99);
  if (kind < 3) return { do: 'disconnect' };
  if (kind < 12) return { do: 'connect', ...(draw.chance(0.2) && { abortAfter: draw.upTo(10) * unit }) };
  if (kind < 15) return { do: 'reconnect' };
  if (kind < 25) return { do: 'die', pause: draw.of([0, 0, 5, 30]) * unit };
  if (kind < 28) return { do: 'ping' };
  if (kind < 31) return { do: 'announce' };
  if (kind < 35) return { do: draw.of(['watch', 'unwatch', 'log'] as const) };
  return {
    do: draw.of(['list', 'read', 'look', 'act', 'act', 'act', 'fail'] as const),
    takes: draw.of([0, 0, 1, 5, 20]) * unit,
    progress: draw.chance(0.2),
    ...(!fair && draw.chance(0.3) && { timeout: draw.upTo(20, 1) * unit }),
    ...(!fair && draw.chance(0.2) && { maxTotalTimeout: draw.upTo(30, 1) * unit }),
    ...(draw.chance(0.15) && { abortAfter: draw.upTo(25) * unit }),
    ...(draw.chance(0.1) && { retry: draw.of(['safe', 'never'] as const) }),
  };
}
