import { createActor, createMachine } from 'xstate';
import type { AnyStateMachine } from 'xstate';

import { compileChart, stepFor } from '../src/compiled-chart.js';
import type { Step } from '../src/compiled-chart.js';
import { actionNames, recordActions } from './support/charts/recorded-actions.js';
import { SimulatedEnvironment } from './support/simulated-environment.js';

interface Go {
  readonly type: string;
  readonly agreed: boolean;
}

type Config = Parameters<typeof createMachine>[0];

const guards = {
  always: () => true,
  never: () => false,
  agreed: (_subject: unknown, event: Go) => event.agreed,
};

/** Where a chart went and what it did on the way. */
interface Outcome {
  readonly state: string;
  readonly actions: readonly string[];
}

function chart(config: Config): AnyStateMachine {
  const machine = createMachine(config) as AnyStateMachine;
  return machine.provide({
    guards: {
      always: () => true,
      never: () => false,
      agreed: ({ event }: { event: unknown }) => (event as Go).agreed,
    },
  } as never);
}

function compile(machine: AnyStateMachine, log: string[] = []): Step<undefined, Go> {
  const actions = [...actionNames(machine)].map((name) => [name, () => log.push(name)] as const);
  return compileChart<undefined, Go>(machine, { guards, actions: Object.fromEntries(actions) });
}

/** Runs a table the way the request logic does. */
function viaTable(machine: AnyStateMachine, events: readonly Go[]): Outcome[] {
  const log: string[] = [];
  let at = compile(machine, log);
  return events.map((event) => {
    log.length = 0;
    const step = stepFor(at, undefined, event);
    for (const action of step?.actions ?? []) action(undefined, event);
    at = step ?? at;
    return { state: at.target, actions: [...log] };
  });
}

function viaXState(machine: AnyStateMachine, events: readonly Go[]): Outcome[] {
  const log: string[] = [];
  const actor = createActor(recordActions(machine, log)).start();
  return events.map((event) => {
    log.length = 0;
    actor.send(event);
    return { state: pathOf(actor.getSnapshot().value), actions: [...log] };
  });
}

function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return Object.entries(value as object)
    .map(([name, inner]) => `${name}.${pathOf(inner)}`)
    .join();
}

function events(...types: string[]): Go[] {
  return types.map((type) => ({ type, agreed: true }));
}

function expectAgreement(machine: AnyStateMachine, sequence: readonly Go[]): Outcome[] {
  const outcomes = viaTable(machine, sequence);
  expect(outcomes).toEqual(viaXState(machine, sequence));
  return outcomes;
}

const nested: Config = {
  initial: 'outside',
  states: {
    outside: { exit: 'leave outside', on: { go: { target: 'house', actions: 'walk' }, dive: 'house.cellar.dark' } },
    house: {
      entry: 'enter house',
      exit: 'leave house',
      initial: 'hall',
      on: {
        out: { target: 'outside', actions: 'walk' },
        light: { target: '.cellar.lit', actions: 'switch' },
        again: { target: '.hall', reenter: true },
        home: { target: '.hall' },
      },
      states: {
        hall: { entry: 'enter hall', exit: 'leave hall', on: { down: 'cellar' } },
        cellar: {
          entry: 'enter cellar',
          exit: 'leave cellar',
          initial: 'dark',
          states: {
            dark: { entry: 'enter dark', exit: 'leave dark', on: { light: { target: 'lit', actions: 'grope' } } },
            lit: { entry: 'enter lit', exit: 'leave lit', on: { out: {} } },
          },
        },
      },
    },
  },
};

describe('the table of a chart', () => {
  it('starts in the innermost initial state', () => {
    const machine = chart({ initial: 'a', states: { a: { initial: 'b', states: { b: {} } } } });
    expect(compile(machine).target).toBe('a.b');
  });

  it('leaves from the inside, then acts, then enters from the outside', () => {
    const outcomes = expectAgreement(chart(nested), events('go', 'down', 'light', 'home', 'out'));
    expect(outcomes).toEqual([
      { state: 'house.hall', actions: ['leave outside', 'walk', 'enter house', 'enter hall'] },
      { state: 'house.cellar.dark', actions: ['leave hall', 'enter cellar', 'enter dark'] },
      { state: 'house.cellar.lit', actions: ['leave dark', 'grope', 'enter lit'] },
      { state: 'house.hall', actions: ['leave lit', 'leave cellar', 'enter hall'] },
      { state: 'outside', actions: ['leave hall', 'leave house', 'walk'] },
    ]);
  });

  it('asks the inner state before the outer one', () => {
    const outcomes = expectAgreement(chart(nested), events('go', 'light'));
    expect(outcomes[1]?.actions).toEqual(['leave hall', 'switch', 'enter cellar', 'enter lit']);
  });

  it('lets an empty transition of the inner state hold off that of the outer one', () => {
    const outcomes = expectAgreement(chart(nested), events('go', 'light', 'out'));
    expect(outcomes[2]).toEqual({ state: 'house.cellar.lit', actions: [] });
  });

  it('goes straight to a state far inside', () => {
    const outcomes = expectAgreement(chart(nested), events('dive'));
    expect(outcomes[0]?.actions).toEqual(['leave outside', 'enter house', 'enter cellar', 'enter dark']);
  });

  it('leaves and enters the source again only with reenter', () => {
    const outcomes = expectAgreement(chart(nested), events('go', 'home', 'again'));
    expect(outcomes[1]?.actions).toEqual(['leave hall', 'enter hall']);
    expect(outcomes[2]?.actions).toEqual(['leave hall', 'leave house', 'enter house', 'enter hall']);
  });

  it.each([
    ['without leaving it', false, ['act']],
    ['by way of its exit and entry', true, ['leave a', 'act', 'enter a']],
  ])('takes a transition of a state to itself %s', (_how, reenter, actions) => {
    const machine = chart({
      initial: 'a',
      states: { a: { entry: 'enter a', exit: 'leave a', on: { go: { target: 'a', reenter, actions: 'act' } } } },
    });
    expect(expectAgreement(machine, events('go'))).toEqual([{ state: 'a', actions }]);
  });

  it('takes the first candidate whose guard agrees, then those of the outer state', () => {
    const machine = chart({
      initial: 'a',
      states: {
        a: {
          initial: 'b',
          on: { go: 'last' },
          states: {
            b: {
              on: {
                go: [
                  { guard: 'never', target: '#first' },
                  { guard: 'agreed', target: '#second' },
                ],
              },
            },
          },
        },
        first: { id: 'first' },
        second: { id: 'second' },
        last: {},
      },
    });
    expect(expectAgreement(machine, [{ type: 'go', agreed: true }])).toEqual([{ state: 'second', actions: [] }]);
    expect(expectAgreement(machine, [{ type: 'go', agreed: false }])).toEqual([{ state: 'last', actions: [] }]);
  });

  it('does nothing about events that a state does not take', () => {
    expect(expectAgreement(chart(nested), events('down', 'nonsense'))).toEqual([
      { state: 'outside', actions: [] },
      { state: 'outside', actions: [] },
    ]);
  });

  it('runs as XState does on a thousand random charts', () => {
    const { random } = new SimulatedEnvironment({ seed: 7 });
    for (let round = 0; round < 1_000; round += 1) {
      const config = randomChart(random);
      const machine = chart(config);
      const sequence = Array.from({ length: 12 }, () => ({ type: pick(random, TYPES), agreed: random() < 0.5 }));
      const [mine, theirs] = [viaTable(machine, sequence), viaXState(machine, sequence)];
      const difference = mine.findIndex((outcome, at) => JSON.stringify(outcome) !== JSON.stringify(theirs[at]));
      if (difference === -1) continue;
      expect({ config, sequence, after: mine[difference - 1], outcome: mine[difference] }).toEqual({
        config,
        sequence,
        after: theirs[difference - 1],
        outcome: theirs[difference],
      });
    }
  });
});

/** A chart with one transition, from a to b. */
function oneWay(on: object, rest: object = {}): Config {
  return { id: 'door', initial: 'a', states: { a: { on }, b: {} }, ...rest };
}

describe('a chart that cannot be compiled', () => {
  it.each<[string, Config]>([
    ['parallel states', { type: 'parallel', states: { a: {}, b: {} } }],
    ['history', { initial: 'a', states: { a: { initial: 'b', states: { b: {}, h: { type: 'history' } } } } }],
    ['always', { initial: 'a', states: { a: { always: 'b' }, b: {} } }],
    ['invoke', { initial: 'a', states: { a: { invoke: { src: 'somebody' } } } }],
    ['delays', { initial: 'a', states: { a: { after: { 100: 'b' } }, b: {} } }],
    [
      'what follows the end of a state',
      { initial: 'a', states: { a: { initial: 'c', onDone: 'b', states: { c: {} } }, b: {} } },
    ],
    ['a wildcard', oneWay({ '*': 'b' })],
    ['a wildcard for some events', oneWay({ 'link.*': 'b' })],
    ['actions on the way to an initial state', oneWay({ go: 'b' }, { initial: { target: 'a', actions: 'act' } })],
    ['an action in line', oneWay({ go: { target: 'b', actions: () => undefined } })],
    ['a guard in line', oneWay({ go: { target: 'b', guard: () => true } })],
    ['parameters of an action', oneWay({ go: { target: 'b', actions: { type: 'act', params: { x: 1 } } } })],
    ['parameters of a guard', oneWay({ go: { target: 'b', guard: { type: 'agreed', params: {} } } })],
  ])('is refused: %s', (_what, config) => {
    const machine = createMachine(config) as AnyStateMachine;
    expect(() => compileChart(machine, { guards, actions: { act: () => undefined } })).toThrow(
      /a compiled chart cannot have/,
    );
  });

  it.each([
    ['guard', oneWay({ go: { target: 'b', guard: 'slam' } })],
    ['action', oneWay({ go: { target: 'b', actions: 'slam' } })],
  ])('is refused by name: an unknown %s', (_what, config) => {
    const machine = createMachine(config) as AnyStateMachine;
    expect(() => compileChart(machine, { guards, actions: {} })).toThrow('door.a: nothing is known by the name slam');
  });

  it('is none when what it names is given', () => {
    expect(() =>
      compile(chart(oneWay({ go: { target: 'b', guard: 'agreed', actions: { type: 'act' } } }))),
    ).not.toThrow();
  });
});

const TYPES = ['x', 'y', 'z'];

function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

/** A chart of up to three levels with transitions from anywhere to anywhere. */
function randomChart(random: () => number): Config {
  const ids: string[] = [];
  const nodes: Record<string, unknown>[] = [];
  const grow = (id: string, depth: number): Record<string, unknown> => {
    const node: Record<string, unknown> = { id, entry: `enter ${id}`, exit: `leave ${id}` };
    nodes.push(node);
    if (depth > 0) ids.push(id);
    if (depth === 3 || (depth > 0 && random() < 0.4)) return node;
    const names = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, at) => `${id}${at}`);
    node.initial = pick(random, names);
    node.states = Object.fromEntries(names.map((name) => [name, grow(name, depth + 1)]));
    return node;
  };
  const root = grow('s', 0);
  const candidate = (): object => ({
    ...(random() < 0.8 && { target: `#${pick(random, ids)}` }),
    ...(random() < 0.4 && { reenter: true }),
    ...(random() < 0.5 && { guard: pick(random, Object.keys(guards)) }),
    ...(random() < 0.7 && { actions: pick(random, ['act', 'react']) }),
  });
  for (const node of nodes) {
    if (random() < 0.3) continue;
    node.on = Object.fromEntries(
      TYPES.filter(() => random() < 0.6).map((type) => [
        type,
        Array.from({ length: 1 + Math.floor(random() * 2) }, candidate),
      ]),
    );
  }
  return root;
}
