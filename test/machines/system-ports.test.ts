import { createActor } from 'xstate';

import { connectionPorts } from '../../src/machines/connection/connection-ports.js';
import { healthMachine, healthPorts } from '../../src/machines/health/health-machine.js';
import { requestsPorts } from '../../src/machines/request/request-gate.js';
import { serverRequestPorts } from '../../src/machines/server-requests/server-request-machine.js';
import { serverStreamPorts } from '../../src/machines/server-stream/server-stream-machine.js';
import { subscriptionPorts } from '../../src/machines/subscription/subscription-machine.js';

describe('missing ports', () => {
  it.each([
    ['connection', 'now', connectionPorts],
    ['health monitor', 'check', healthPorts],
    ['requests', 'begin', requestsPorts],
    ['server request', 'reply', serverRequestPorts],
    ['server stream', 'random', serverStreamPorts],
    ['subscription', 'random', subscriptionPorts],
  ])('of the %s throw an error that names the port %s', (name, port, ports) => {
    expect(() => Reflect.get(ports.of({}), port) as unknown).toThrow(`The port \`${port}\` of the ${name} is missing`);
  });

  it('stop an actor that runs without them', () => {
    const actor = createActor(healthMachine, { input: { interval: 1_000 } });
    const errors: unknown[] = [];
    actor.subscribe({ error: (thrown) => errors.push(String(thrown)) });
    actor.start();
    expect(actor.getSnapshot().status).toBe('error');
    expect(errors).toEqual([
      'Error: The port `beginWindow` of the health monitor is missing: call provide() before the actor starts',
    ]);
  });
});
