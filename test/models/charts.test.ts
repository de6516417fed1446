import { LONG } from '../support/long-form.js';
import { Examination, lawsOf } from './charts/chart-model.js';
import { CHARTS } from './charts/index.js';
import { chosenOf, replay } from './charts/replay.js';

describe.each(CHARTS.map((chart) => [chart.name, chart] as const))('the chart of the %s', (_name, chart) => {
  const examination = new Examination(chart);
  const { states, edges } = examination.size;

  it.each(lawsOf(chart))('%s', (law) => {
    expect(examination.against(law)).toEqual([]);
  });

  // The laws are checked in all states. That real actors do the same is seen in some of the states, where there are many.
  const [many, most] = LONG ? [10_000, 3_000] : [1_000, 100];
  const every = states < many ? 1 : Math.floor(states / most);
  const chosen = chosenOf(examination, every);
  const count = chosen.reduce((sum, { next }) => sum + next.length, 0);

  it(`is what a real actor does on ${count} of its ${edges} edges, those of ${chosen.length} of its ${states} states`, async () => {
    const { edges: taken, byClock, unused, differences } = await replay(examination, chosen);
    expect(differences.slice(0, 5)).toEqual([]);
    expect(taken).toBe(count);
    if (every > 1) return;
    expect(unused).toEqual([]);
    expect(byClock > 0).toBe(examination.hasTimers);
  }, 300_000);
});
