import type { ActorView, ClientView, InspectRecord, World } from './records.js';

/** Maximum number of clients. */
const MAX_CLIENTS = 100;

/** Maximum number of ended requests of a client. */
const MAX_ENDED = 50;

/** The world before the first record. */
export function emptyWorld(): World {
  return { n: 0, at: 0, clients: {} };
}

/** Applies a record to a world. The server uses it to discard old records, and the page to go back in time. */
export function apply(world: World, record: InspectRecord): void {
  world.n = record.n;
  world.at = record.at;
  if (record.k === 'client') addClient(world, record.c, newClient(record));
  const client = world.clients[record.c];
  if (client === undefined) return;
  switch (record.k) {
    case 'session':
      client.server = record.server;
      client.revision = record.revision;
      client.era = record.era;
      break;
    case 'actor':
      client.actors[record.a] = newActor(record);
      break;
    case 'step':
      step(client, record);
      break;
    case 'link':
      client.epoch = Math.max(client.epoch, record.epoch);
      break;
    case 'health':
      client.health = { score: record.score, ok: record.ok, latency: record.latency };
      break;
    case 'rates':
      client.rates = record;
      break;
    case 'client':
    case 'message':
    case 'gap':
      break;
  }
}

/** A copy that later changes of the original do not affect. Values that are never changed in place are shared. */
export function copyWorld(world: World): World {
  const clients: World['clients'] = {};
  for (const client of Object.values(world.clients)) {
    const actors: ClientView['actors'] = {};
    for (const actor of Object.values(client.actors)) actors[actor.a] = { ...actor };
    clients[client.c] = { ...client, actors, ended: [...client.ended], last: { ...client.last } };
  }
  return { n: world.n, at: world.at, clients };
}

function addClient(world: World, c: number, client: ClientView): void {
  world.clients[c] = client;
  const all = Object.values(world.clients);
  if (all.length <= MAX_CLIENTS) return;
  const resting = all.find((one) => one.c !== c && (one.tag === 'closed' || one.tag === 'idle')) ?? all[0];
  if (resting !== undefined) delete world.clients[resting.c];
}

function newClient({ c, at, name, transport, recording = false }: Extract<InspectRecord, { k: 'client' }>): ClientView {
  return {
    c,
    name,
    transport,
    recording,
    server: undefined,
    revision: undefined,
    era: undefined,
    tag: 'idle',
    tagSince: at,
    epoch: 0,
    actors: {},
    ended: [],
    last: {},
    rates: undefined,
    health: undefined,
  };
}

function newActor({ a, at, parent, id, chart, since, request }: Extract<InspectRecord, { k: 'actor' }>): ActorView {
  return { a, parent, id, chart, since, states: [], event: 'started', eventAt: at, request };
}

function step(client: ClientView, record: Extract<InspectRecord, { k: 'step' }>): void {
  const actor = client.actors[record.a];
  if (actor === undefined) return;
  const before = actor.states;
  actor.event = record.e;
  actor.eventAt = record.at;
  if (record.v !== undefined) actor.states = record.v;
  if (record.tag !== undefined && record.tag !== client.tag) {
    client.tag = record.tag;
    client.tagSince = record.at;
  }
  const { chart } = actor;
  const moved = record.edges !== undefined || (record.v !== undefined && before.length > 0);
  if (chart !== undefined && moved) {
    const { n, at, a, e, edges = [] } = record;
    client.last[chart] = { n, at, a, event: e, edges, before, after: actor.states };
  }
  if (record.end === undefined) return;
  delete client.actors[record.a];
  // Requests of the client itself, such as health checks, would replace those of the user.
  if (actor.request === undefined || actor.request.own) return;
  client.ended.push({
    a: actor.a,
    request: actor.request,
    since: actor.since,
    at: record.at,
    state: actor.states[0] ?? record.end,
  });
  if (client.ended.length > MAX_ENDED) client.ended.shift();
}
