import { createActor } from 'xstate';

import { processMachine } from '../../../src/transports/stdio/process-machine.js';
import type { ProcessEvent, ProcessPorts } from '../../../src/transports/stdio/process-machine.js';
import { SimulatedEnvironment } from '../../../src/testing/simulated-environment.js';

/** The chart over ports that only write down their names. */
class Process {
  readonly clock = new SimulatedEnvironment();
  readonly effects: string[] = [];
  readonly #actor;
  outputWaits = false;
  #output: () => void = () => undefined;
  #remains: (failed: boolean) => void = () => undefined;

  constructor() {
    const note = (name: string) => () => {
      this.effects.push(name);
    };
    const ports: ProcessPorts = {
      holdWrites: note('holdWrites'),
      outputWaits: () => this.outputWaits,
      afterOutput: (callback) => {
        this.effects.push('afterOutput');
        this.#output = callback;
      },
      endLink: note('endLink'),
      stopMessages: note('stopMessages'),
      endInput: note('endInput'),
      terminate: note('terminate'),
      kill: note('kill'),
      endRemains: () => {
        this.effects.push('endRemains');
        return new Promise((resolve, reject) => {
          this.#remains = (failed) => {
            if (failed) reject(new Error('The scan failed'));
            else resolve();
          };
        });
      },
      finish: note('finish'),
      abandon: note('abandon'),
    };
    const { clock } = this;
    this.#actor = createActor(processMachine, {
      input: { ports },
      clock: {
        setTimeout: (callback, delay) => clock.setTimeout(callback, delay),
        clearTimeout: (timer) => {
          clock.clearTimeout(timer);
        },
      },
    });
    this.#actor.start();
  }

  send(...types: ProcessEvent['type'][]): void {
    for (const type of types) this.#actor.send({ type });
  }

  /** The state of the link, with a dot between a state and the state in it. */
  get link(): string {
    const { link } = this.#actor.getSnapshot().value;
    return typeof link === 'string' ? link : Object.entries(link).flat().join('.');
  }

  handleOutput(): void {
    this.#output();
  }

  async clearRemains(failed = false): Promise<void> {
    this.#remains(failed);
    await this.clock.settle();
  }
}

describe('the chart of a server process', () => {
  let server: Process;

  beforeEach(() => {
    server = new Process();
  });

  afterEach(() => {
    expect(server.clock.pending).toEqual([]);
  });

  test('asks the process to exit more and more firmly when the link is closed', async () => {
    server.send('close');
    expect([server.link, server.effects]).toEqual(['closing.endingInput', ['stopMessages', 'endInput']]);
    await server.clock.advance(1_999);
    expect(server.link).toBe('closing.endingInput');
    await server.clock.advance(1);
    expect([server.link, server.effects.at(-1)]).toEqual(['closing.terminating', 'terminate']);
    await server.clock.advance(2_000);
    expect([server.link, server.effects.at(-1)]).toEqual(['closing.killing', 'kill']);
    await server.clock.advance(2_000);
    expect([server.link, server.effects.at(-1)]).toEqual(['abandoned', 'abandon']);
  });

  test.each<[string, number]>([
    ['the end of its input', 0],
    ['SIGTERM', 2_000],
    ['SIGKILL', 4_000],
  ])('ends the processes that it left behind after it exits at %s', async (_, delay) => {
    server.send('close');
    await server.clock.advance(delay);
    server.send('exited');
    expect([server.link, server.effects.at(-1)]).toEqual(['closing.clearing', 'endRemains']);
    await server.clearRemains();
    expect([server.link, server.effects.at(-1)]).toEqual(['closed', 'finish']);
  });

  test('closes although what was left behind cannot be found', async () => {
    server.send('close', 'exited');
    await server.clearRemains(true);
    expect([server.link, server.effects.at(-1)]).toEqual(['closed', 'finish']);
  });

  test('kills at once a process to which nothing was sent', async () => {
    server.send('kill', 'close', 'broken', 'finished');
    expect([server.link, server.effects]).toEqual(['closing.killing', ['stopMessages', 'endInput', 'kill']]);
    server.send('exited');
    await server.clearRemains();
    expect(server.link).toBe('closed');
  });

  test.each<[string, ProcessEvent['type'][]]>([
    ['endingInput', ['exited', 'close']],
    ['killing', ['exited', 'kill']],
  ])('does not wait in %s for a process that has exited', async (_, events) => {
    server.send(...events);
    expect(server.link).toBe('closing.clearing');
    await server.clearRemains();
    expect(server.effects.at(-1)).toBe('finish');
  });

  test('ends the link when the process has exited and its output has been handled', async () => {
    server.send('exited', 'finished');
    expect(server.effects).toEqual(['holdWrites', 'endLink', 'endInput', 'endRemains']);
    await server.clearRemains();
    expect(server.link).toBe('closed');
  });

  test('waits 100 ms for output that other processes may hold back, and for output that waits for its turn', async () => {
    server.send('exited');
    expect(server.link).toBe('open.draining');
    server.outputWaits = true;
    await server.clock.advance(100);
    expect([server.link, server.effects.at(-1)]).toEqual(['open.catchingUp', 'afterOutput']);
    server.handleOutput();
    server.outputWaits = false;
    await server.clock.advance(99);
    expect(server.effects).not.toContain('endLink');
    await server.clock.advance(1);
    expect(server.effects).toContain('endLink');
    await server.clearRemains();
  });

  test('waits 500 ms for the exit when a pipe has broken, since the exit says more', async () => {
    server.send('broken');
    expect([server.link, server.effects]).toEqual(['open.exiting', ['holdWrites']]);
    server.send('exited');
    expect(server.link).toBe('open.draining');
    server.send('broken', 'close');
    await server.clearRemains();
    expect(server.effects).not.toContain('endLink');
  });

  test('ends the link when a pipe has broken and the process does not exit', async () => {
    server.send('broken');
    server.outputWaits = true;
    await server.clock.advance(500);
    expect(server.link).toBe('open.catchingUp');
    server.send('exited');
    expect(server.link).toBe('open.draining');
    server.outputWaits = false;
    server.send('finished');
    await server.clearRemains();

    server = new Process();
    server.send('broken');
    await server.clock.advance(500);
    expect([server.link, server.effects]).toEqual(['closing.endingInput', ['holdWrites', 'endLink', 'endInput']]);
    server.send('exited');
    await server.clearRemains();
  });
});
