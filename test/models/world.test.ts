import type { Desk } from './world/desk.js';
import { memoryStage } from './world/memory-stage.js';
import { DEEDS, step } from './world/model.js';
import type { Deed, Outcome, View, World } from './world/model.js';
import { WorldMap } from './world/paths.js';
import type { Stage, StageBuilder } from './world/stage.js';
import { Traveller } from './world/traveller.js';

const VIEWS: readonly View[] = (['modern', 'legacy'] as const).flatMap((era) =>
  [true, false].flatMap((autoReconnect) =>
    (['shared', 'per-request'] as const).map((framing) => ({ framing, era, autoReconnect })),
  ),
);

describe('the model of the world', () => {
  const maps = VIEWS.map((view) => new WorldMap(view));
  const worlds = maps.flatMap((map) => [...map.worlds.values()]);
  const effects = maps.flatMap(({ view, edges, worlds: all }) =>
    [...edges].flatMap(([name, deeds]) =>
      [...deeds.keys()].map((deed) => ({ deed, ...step(view, all.get(name) as World, deed) })),
    ),
  );

  it('has every public state that lasts, every deed, and every end of a call', () => {
    expect([...new Set(worlds.map(({ client }) => client))].sort()).toEqual(
      ['idle', 'initializing', 'ready', 'degraded', 'reconnecting', 'closed'].sort(),
    );
    expect([...new Set(effects.map(({ deed }) => deed))].sort()).toEqual([...DEEDS].sort());
    const ends = new Set(effects.flatMap(({ settled }) => [settled?.read, settled?.act]));
    ends.delete(undefined);
    expect([...ends].sort()).toEqual(['aborted', 'not-sent', 'result', 'unknown'] satisfies Outcome[]);
  });

  it('has no path on which a side effect runs twice', () => {
    const twice = effects.filter(({ attempts, world }) => (attempts?.act ?? world?.act?.attempts ?? 0) > 1);
    expect(twice).toEqual([]);
  });
});

/** A world in which something is otherwise than in the model. */
function falsified(lie: (stage: Stage, desk: Desk) => Partial<Stage>): StageBuilder {
  return async (desk, changed) => {
    const stage = await memoryStage(desk, changed);
    return Object.defineProperties(stage, Object.getOwnPropertyDescriptors(lie(stage, desk)));
  };
}

describe('a traveller', () => {
  const view: View = { framing: 'shared', era: 'modern', autoReconnect: true };
  const patience = 1_000;
  const path: readonly Deed[] = ['connect', 'act', 'slow down', 'read', 'drop the link', 'catch up', 'pass time'];

  it('has nothing to complain about in the world of the model', async () => {
    expect(await Traveller.go(view, path, memoryStage)).toEqual([]);
  });

  it('notices a client in another state than that of the model', async () => {
    const lasting = falsified(() => ({ drop: async () => undefined }));
    const [first] = await Traveller.go(view, path, lasting, { patience });
    expect(first).toContain('drop the link: the state: "ready" instead of "reconnecting"');
  });

  it('notices another end of a call than that of the model', async () => {
    const touchy = falsified((stage, desk) => {
      const hear = desk.hear.bind(desk);
      desk.hear = (message, visit, reply) => {
        if ('method' in message && message.method === 'tools/call') void stage.drop();
        else hear(message, visit, reply);
      };
      return {};
    });
    const [first] = await Traveller.go(view, path, touchy, { patience });
    expect(first).toContain('what was settled: {"act":"unknown"} instead of {"act":"result"}');
  });

  it('notices a call that ran more often than the model says', async () => {
    const eager = falsified((_stage, desk) => {
      const hear = desk.hear.bind(desk);
      desk.hear = (message, visit, reply) => {
        hear(message, visit, reply);
        if ('method' in message && message.method === 'tools/call') hear(message, visit, () => undefined);
      };
      return {};
    });
    const [first] = await Traveller.go(view, path, eager, { patience });
    expect(first).toContain('ran 2 times and was sent 1 times');
  });

  it('notices a connection that is left over', async () => {
    const leaking = falsified(() => ({ connections: 1 }));
    const [first] = await Traveller.go(view, path, leaking, { patience });
    expect(first).toContain('1 connections are left');
  });
});
