import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { StateMachine, type AnyStateMachine, type AnyStateNode } from 'xstate';

import { readChart } from '../../visualizations/generate/chart.js';
import { withCharts } from '../../visualizations/generate/documents.js';
import { toDot } from '../../visualizations/generate/dot.js';
import { generatedFiles } from '../../visualizations/generate/files.js';
import { toMermaid } from '../../visualizations/generate/mermaid.js';
import { toSvg } from '../../visualizations/generate/svg.js';
import { machines } from '../../visualizations/machines.js';
import { readMermaid } from './mermaid-reader.js';
import { sampleMachine } from './sample-machine.js';

const project = join(__dirname, '..', '..');

const drawn: [name: string, machine: AnyStateMachine][] = [
  ...machines.map(({ name, machine }): [string, AnyStateMachine] => [name, machine]),
  ['sample', sampleMachine],
];

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...(Object.values(node.states) as AnyStateNode[]).flatMap(nodesOf)];
}

interface Transition {
  readonly eventType: string;
  readonly source: AnyStateNode;
  readonly target: readonly AnyStateNode[] | undefined;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
  readonly reenter: boolean;
}

/** Whether it leads nowhere but, at most, back to where it began. */
function stays({ source, target = [], reenter }: Transition): boolean {
  return target.length === 0 || (reenter && target.every((one) => one === source));
}

function transitionsOf(node: AnyStateNode): Transition[] {
  return [...node.transitions.values(), node.always ?? []].flat() as Transition[];
}

function inMermaid(id: string): string {
  return id.replaceAll('.', '_');
}

/** A state, for a line that ends at the box inside of it that stands for all of it. */
function withoutWhole(id: string): string {
  return id.replace(/__whole$/, '');
}

/** What a text about an event has to contain: the name that its author gave it, without what XState puts around it. */
function givenName(eventType: string, machine: AnyStateMachine): string {
  if (eventType === '') return 'always';
  if (eventType === '*') return 'any other event';
  if (eventType.startsWith('xstate.done.state.')) return 'done(';
  const delay = /^xstate\.after\.(\w+)\./.exec(eventType)?.[1];
  if (delay !== undefined) return /^\d+$/.test(delay) ? `after ${Number(delay) / 1_000} s` : `after ${delay}`;
  for (const { id, src } of nodesOf(machine.root).flatMap((node) => node.invoke)) {
    if (eventType.endsWith(`.actor.${id}`)) return `(${/^\d+\./.test(id) && typeof src === 'string' ? src : id})`;
  }
  return eventType;
}

function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  return typeof guard === 'object' && guard !== null && 'type' in guard ? String(guard.type) : '';
}

describe('The committed diagrams', () => {
  test('are what the machines make of them; if not, run `npm run diagrams`', async () => {
    const files = [...(await generatedFiles(machines, project))];
    const committed = (path: string) => existsSync(join(project, path)) && readFileSync(join(project, path), 'utf8');
    expect(files.length).toBeGreaterThanOrEqual(2 * machines.length);
    expect(files.filter(([path, text]) => committed(path) !== text).map(([path]) => path)).toEqual([]);
  });

  test('show every machine that a file *-machine.ts exports', async () => {
    const files = readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' });
    const modules = files.filter((file) => file.endsWith('-machine.ts'));
    const exported = await Promise.all(
      modules.map(async (file) => Object.entries((await import(`../../src/${file}`)) as object)),
    );
    const found = exported.flat().filter(([, value]) => value instanceof StateMachine);
    expect(found.map(([name]) => name)).toContain('connectionMachine');
    expect(
      found.filter(([, value]) => !machines.some(({ machine }) => machine === value)).map(([name]) => name),
    ).toEqual([]);
  });

  test('show no machine that is gone', () => {
    const names = readdirSync(join(project, 'visualizations')).flatMap((file) => /^(.*)\.mmd$/.exec(file)?.[1] ?? []);
    // One more is of a session.
    expect(names.sort()).toEqual([...machines.map(({ name }) => name), 'session'].sort());
  });
});

describe.each(drawn)('The diagram of %s', (_, machine) => {
  const nodes = nodesOf(machine.root);
  const text = toMermaid(readChart(machine));

  test('declares each state in Mermaid, inside of its parent', () => {
    const { states } = readMermaid(text);
    for (const node of nodes) {
      const state = states.get(inMermaid(node.id));
      expect([node.id, state?.parent]).toEqual([node.id, node.parent && inMermaid(node.parent.id)]);
      expect(state?.name).toBe(node.type === 'history' ? (node.history === 'deep' ? 'H*' : 'H') : node.key);
    }
    expect([...states.keys()].filter((id) => !id.endsWith('__whole'))).toHaveLength(nodes.length);
  });

  test('draws each transition in Mermaid, and no other', () => {
    const { states, arrows } = readMermaid(text);
    const labels = arrows.flatMap(({ from, to, labels }) => labels.map((label) => ({ from, to, label })));
    const expected = nodes.flatMap((node) =>
      transitionsOf(node)
        .filter((one) => !stays(one))
        .flatMap((one) => (one.target ?? []).map((target) => ({ one, from: node.id, to: target.id }))),
    );
    for (const { one, from, to } of expected) {
      const index = labels.findIndex(
        (label) =>
          withoutWhole(label.from) === inMermaid(from) &&
          withoutWhole(label.to) === inMermaid(to) &&
          label.label.includes(givenName(one.eventType, machine)) &&
          label.label.includes(guardName(one.guard)),
      );
      expect([from, one.eventType, to, index >= 0]).toEqual([from, one.eventType, to, true]);
      labels.splice(index, 1);
    }
    expect(labels).toEqual([]);
    for (const node of nodes) {
      const own = states.get(inMermaid(node.id));
      const whole = states.get(`${inMermaid(node.id)}__whole`);
      for (const one of transitionsOf(node).filter(stays)) {
        expect(`${own?.text} ${whole?.text}`).toContain(givenName(one.eventType, machine));
        expect(`${own?.text} ${whole?.text}`).toContain(guardName(one.guard));
      }
    }
  });

  test('says in Mermaid where each state begins and ends', () => {
    const { arrows } = readMermaid(text);
    const begins = nodes
      .filter(({ type }) => type === 'compound')
      .flatMap((node) => {
        return node.initial.target.map((target) => [inMermaid(node.id), inMermaid(target.id)]);
      });
    expect(arrows.filter(({ from }) => from === '[*]').map(({ within, to }) => [within, to])).toEqual(begins);
    const ends = nodes.filter(({ type }) => type === 'final').map(({ id }) => inMermaid(id));
    expect(
      arrows
        .filter(({ to }) => to === '[*]')
        .map(({ from }) => from)
        .sort(),
    ).toEqual(ends.sort());
  });

  test('has an SVG element for each state by its id, and names all that happens', async () => {
    const svg = await toSvg(toDot(readChart(machine), 'A title of some words'));
    const ids = [...svg.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(nodes.map(({ id }) => id).filter((id) => !ids.includes(id))).toEqual([]);
    const words = svg.replace(/<[^>]*>/g, '');
    expect(words).toContain('A title of some words');
    for (const one of nodes.flatMap(transitionsOf)) {
      expect(words).toContain(givenName(one.eventType, machine));
      expect(words).toContain(guardName(one.guard));
      for (const action of one.actions) if (typeof action === 'string') expect(words).toContain(action);
    }
    expect(svg).not.toMatch(/xstate|graphviz/i);
  });

  test('is the same on each run', async () => {
    const once = await toSvg(toDot(readChart(machine), 'Title'));
    expect(await toSvg(toDot(readChart(machine), 'Title'))).toBe(once);
    expect(toMermaid(readChart(machine))).toBe(text);
  });
});

test('A chart calls events, guards, actions and actors what people call them', () => {
  const { edges, root } = readChart(sampleMachine);
  const said = edges.map(({ source, event, guard, actions }) => [source, event, guard ?? '', actions.join(', ')]);
  expect(said).toEqual([
    ['sample', 'DISCONNECT', '', 'rejectWaiters'],
    ['sample.idle', 'CONNECT', '', ''],
    ['sample.idle', 'DISCONNECT', '', ''],
    ['sample.connecting', 'done(openLink)', '', ''],
    ['sample.connecting', 'error(openLink)', 'mayRetry and not isFatal', ''],
    ['sample.connecting', 'error(openLink)', 'else', 'rejectWaiters, releaseEverything'],
    ['sample.connecting', 'after connectTimeout', '', 'rejectWaiters'],
    ['sample.established', 'link.*', 'mayRetry', ''],
    ['sample.established', 'link.*', 'else', ''],
    ['sample.established', 'RESUME', '', ''],
    ['sample.established', 'done(established)', '', ''],
    ['sample.established.traffic.flowing', 'PAUSE', '', ''],
    ['sample.established.traffic.flowing', 'TICK', '', 'countAttempt, assign'],
    ['sample.established.traffic.paused', 'RESUME', 'isPaused or isFatal', ''],
    ['sample.established.health.healthy', 'after 5 s', '', ''],
    ['sample.established.health.probing', 'any other event', '', 'announceState'],
    ['sample.established.health.probing', 'done(checker)', '', ''],
    ['sample.established.health.probing', 'error(checker)', '', ''],
    ['sample.reconnecting', 'CONNECT', '', ''],
    ['sample.reconnecting', 'after backoff', '', ''],
    ['sample.reconnecting', 'always', 'not mayRetry', ''],
    ['sample.closed', 'done(closed)', '', ''],
    ['sample.closed.draining', 'CONNECT', '', 'countAttempt'],
    ['sample.closed.draining', 'TICK', '', ''],
  ]);
  expect(edges.filter(({ reenters }) => reenters).map(({ source, event }) => [source, event])).toEqual([
    ['sample.established', 'RESUME'],
  ]);
  const connecting = root.states.find(({ key }) => key === 'connecting');
  expect(connecting).toMatchObject({
    entry: ['announceState', 'note(connecting)'],
    exit: ['countAttempt'],
    invokes: ['openLink'],
    description: 'Opens a link',
    tags: ['busy'],
  });
});

describe('A Mermaid text', () => {
  const valid = [
    'stateDiagram-v2',
    'state "a" as a {',
    '[*] --> b',
    'state "b" as b',
    'b : text',
    'b --> b : event [guard]<br/>other',
    '}',
    '',
  ];

  test('is read when it is valid', () => {
    expect(readMermaid(valid.join('\n')).arrows).toEqual([
      { from: '[*]', to: 'b', labels: [], within: 'a' },
      { from: 'b', to: 'b', labels: ['event [guard]', 'other'], within: 'a' },
    ]);
  });

  test.each([
    ['has another head', 0, 'stateDiagram'],
    ['names a state with a dot and a dash', 3, 'state "b" as b-1'],
    ['has a quote in a name', 3, 'state "b"" as b'],
    ['has a colon in a label', 5, 'b --> b : a : b'],
    ['has a semicolon in a label', 5, 'b --> b : a; b'],
    ['has a comment in a label', 5, 'b --> b : a %% b'],
    ['has an arrow of another kind', 5, 'b -> b'],
    ['has an arrow to a state that is not declared', 5, 'b --> c'],
    ['declares a state twice', 4, 'state "b" as b'],
    ['gives lines to a state with states inside', 4, 'a : text'],
    ['does not close a state', 6, 'b --> b'],
    ['closes a state that is not open', 2, '}'],
  ])('is refused when it %s', (_, index, line) => {
    expect(() => readMermaid(valid.with(index, line).join('\n'))).toThrow();
  });
});

describe('A document', () => {
  const charts = new Map([['connection', 'stateDiagram-v2\n  $& chart\n']]);
  const document = (block: string) =>
    `# Title\n\n<!-- chart:connection -->${block}<!-- /chart:connection -->\n\nMore.\n`;
  const shown = document('\n\n```mermaid\nstateDiagram-v2\n  $& chart\n```\n\n');

  test.each([
    ['an empty block', document('\n')],
    ['an old chart', document('\n\n```mermaid\nold\n```\n\n')],
    ['the same chart', shown],
  ])('gets its chart in place of %s', (_, before) => {
    expect(withCharts(before, charts)).toBe(shown);
  });

  test('without a block stays as it is', () => {
    expect(withCharts('# Title\n', charts)).toBe('# Title\n');
  });

  test('with a block that no chart belongs to is refused', () => {
    expect(() => withCharts('<!-- chart:other -->\n<!-- /chart:other -->\n', charts)).toThrow('chart:other');
  });

  test('with half a block is refused', () => {
    expect(() => withCharts('<!-- chart:connection -->\n', charts)).toThrow('chart:connection');
    expect(() => withCharts('Text\n<!-- /chart:connection -->\n', charts)).toThrow('chart:connection');
  });
});
