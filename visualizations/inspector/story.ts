import type {
  ActorView,
  ClientView,
  InspectRecord,
  RequestLabel,
  ServerMessage,
  World,
} from '../../src/inspect/records.js';
import { apply, copyWorld, emptyWorld } from '../../src/inspect/world.js';

/** The number of records between two copies of the world. */
const STRIDE = 1_000;

/** Maximum number of records that the page keeps. */
const LIMIT = 40_000;
const FORGOTTEN_AT_ONCE = 8_000;

/** The constant properties of an actor. */
export interface ActorInfo {
  readonly id: string;
  readonly chart: string | undefined;
  readonly request: RequestLabel | undefined;
}

/** All records of the page, and the world at any moment. */
export class Story {
  #base: World = emptyWorld();
  #live: World = emptyWorld();
  #stops: { readonly index: number; readonly world: World }[] = [];
  #past: { index: number; world: World } | undefined;
  readonly actors = new Map<number, ActorInfo>();
  records: InspectRecord[] = [];
  /** Changes when the previous records are replaced or their indexes change. */
  version = 0;
  run = '';

  /** The world after the last record. */
  get live(): World {
    return this.#live;
  }

  /** The world before the first kept record. */
  get base(): World {
    return this.#base;
  }

  take(message: ServerMessage): void {
    if (message.t === 'hello') this.#begin(message);
    else this.#append(message.records);
  }

  /** The world after the first `index` records. */
  worldAt(index: number): World {
    if (index >= this.records.length) return this.#live;
    const past = this.#past;
    if (past !== undefined && past.index <= index && index - past.index < STRIDE) return this.#forward(past, index);
    const stop = this.#stops.findLast((one) => one.index <= index);
    this.#past = { index: stop?.index ?? 0, world: copyWorld(stop?.world ?? this.#base) };
    return this.#forward(this.#past, index);
  }

  /** The number of records until this time. */
  indexAt(at: number): number {
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.records[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #begin({ base, records, run }: Extract<ServerMessage, { t: 'hello' }>): void {
    this.version += 1;
    this.run = run;
    this.#base = base;
    this.#live = copyWorld(base);
    this.#stops = [];
    this.#past = undefined;
    this.records = [];
    this.actors.clear();
    for (const client of Object.values(base.clients))
      for (const actor of liveActors(client)) this.#know(actor.a, actor);
    this.#append(records);
  }

  #append(records: readonly InspectRecord[]): void {
    for (const record of records) {
      if (this.records.length % STRIDE === 0)
        this.#stops.push({ index: this.records.length, world: copyWorld(this.#live) });
      this.records.push(record);
      if (record.k === 'actor') this.#know(record.a, record);
      apply(this.#live, record);
    }
    if (this.records.length > LIMIT) this.#forget();
  }

  #know(a: number, { id, chart, request }: Partial<ActorInfo> & { id: string }): void {
    this.actors.set(a, { id, chart, request });
  }

  #forget(): void {
    this.#base = copyWorld(this.worldAt(FORGOTTEN_AT_ONCE));
    this.records = this.records.slice(FORGOTTEN_AT_ONCE);
    this.#stops = this.#stops
      .filter(({ index }) => index >= FORGOTTEN_AT_ONCE)
      .map(({ index, world }) => ({ index: index - FORGOTTEN_AT_ONCE, world }));
    this.#past = undefined;
    this.version += 1;
    const known = new Map(this.actors);
    this.actors.clear();
    for (const client of Object.values(this.#base.clients))
      for (const { a } of liveActors(client)) keep(known, this.actors, a);
    for (const record of this.records) if ('a' in record && record.a !== undefined) keep(known, this.actors, record.a);
  }

  #forward(past: { index: number; world: World }, index: number): World {
    for (; past.index < index; past.index += 1) {
      const record = this.records[past.index];
      if (record !== undefined) apply(past.world, record);
    }
    return past.world;
  }
}

function keep(from: ReadonlyMap<number, ActorInfo>, to: Map<number, ActorInfo>, a: number): void {
  const info = from.get(a);
  if (info !== undefined) to.set(a, info);
}

/** The actors of a client, in the order in which they were started. */
export function liveActors(client: ClientView): ActorView[] {
  return Object.values(client.actors);
}

/** The shown name of a client: its name, or that of its server, or its transport. */
export function nameOf({ name, server, transport, c }: ClientView): string {
  return (
    name ??
    (server === undefined || server === ''
      ? `${transport.replace(/Transport$/, '')} ${c}`
      : server.replace(/ [\d.]+$/, ''))
  );
}
