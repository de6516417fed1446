import type { Connection } from '../../src/machines/connection/connection.js';
import type { ConnectionOptions } from '../../src/machines/connection/connection-options.js';
import { requestSpec } from '../../src/machines/request/request-spec.js';
import { acceptable } from '../../src/protocol/negotiation.js';
import { RecordedConnection } from '../../src/recording/recorded-connection.js';
import type { RecordedEntry, RecordingSink } from '../../src/recording/recorded-events.js';
import { MemoryTransport } from '../../src/index.js';
import { Budget } from '../../src/util/budget.js';
import { systemEnvironment } from '../../src/util/environment.js';

class Entries implements RecordingSink {
  readonly entries: RecordedEntry[] = [];

  begin(): void {
    // Only entries are looked at.
  }

  write(entry: RecordedEntry): void {
    this.entries.push(entry);
  }

  flush(): undefined {
    // Nothing is held open.
  }
}

const [transport] = MemoryTransport.pair();

const OPTIONS: ConnectionOptions = {
  transport,
  environment: systemEnvironment,
  identity: { clientInfo: { name: 'x', version: '1' }, capabilities: {} },
  budget: new Budget({}),
  maxInputRounds: 1,
  maxQueued: 1,
  perRequest: false,
  era: undefined,
  healthInterval: 0,
  policy: {
    autoReconnect: false,
    maxReconnectAttempts: 0,
    backoff: { delay: 1, maxDelay: 1 },
    restarts: { maxRestarts: 1, window: 1 },
    retryInitialConnect: false,
    connectTimeout: 1_000,
    probeTimeout: 1_000,
    acceptable: acceptable('auto'),
  },
};

const LISTENERS = {
  entered: () => undefined,
  notified: () => undefined,
  missedChanges: () => undefined,
  report: () => undefined,
  tolerated: () => undefined,
};

type MethodName<Class> = {
  [Name in keyof Class]: Class[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof Class];

/** A call of each method of a connection. */
const CALLS: Record<MethodName<Connection>, (connection: RecordedConnection) => unknown> = {
  send: (connection) => {
    connection.send({ type: 'monitor', interval: 0 });
  },
  unwatch: (connection) => {
    connection.unwatch('file:///x');
  },
  connect: (connection) => connection.connect(1_000, undefined),
  join: (connection) => connection.join(1_000, undefined),
  probe: (connection) => connection.probe(1_000),
  watch: (connection) =>
    connection.watch('file:///x', { timeout: 1, deadline: systemEnvironment.now() + 1 }, undefined),
  submit: (connection) => connection.submit(requestSpec('tools/list', undefined, { failFast: true })),
  sendMessage: (connection) => connection.sendMessage({ jsonrpc: '2.0', method: 'notifications/x' }),
  disconnect: (connection) => connection.disconnect(),
  suspend: (connection) => connection.suspend(),
};

test('the calls of this test are all the methods of a connection', () => {
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(RecordedConnection.prototype));
  const methods = descriptors.filter(([, { value }]) => typeof value === 'function').map(([name]) => name);
  expect(methods.filter((name) => name !== 'constructor').sort()).toEqual(Object.keys(CALLS).sort());
});

test.each(Object.entries(CALLS))(
  '%s is recorded before anything that it does, and when it settles',
  async (_name, call) => {
    const sink = new Entries();
    const connection = new RecordedConnection(OPTIONS, LISTENERS, sink, { by: 'x@1', transport: 'MemoryTransport' });
    const before = sink.entries.length;
    const outcome = call(connection);
    const first = sink.entries[before];
    expect(first?.in).toBeUndefined();
    expect(ASKED).toContain(first?.type);
    const disconnected = connection.disconnect();
    if (outcome instanceof Promise) {
      await outcome.catch(() => undefined);
      expect(sink.entries).toContainEqual(expect.objectContaining({ type: 'settled', call: 1 }));
    }
    await disconnected;
  },
);

/** The types of entries for what a user asks of a connection. */
const ASKED = ['event', 'unwatch', 'connect', 'join', 'probe', 'watch', 'submit', 'send', 'disconnect', 'suspend'];
