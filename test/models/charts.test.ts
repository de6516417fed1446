import { LONG } from '../support/long-form.js';
import { Examination, lawsOf } from './charts/chart-model.js';
import { CHARTS } from './charts/index.js';
import { replay } from './charts/replay.js';

describe.each(CHARTS.map((chart) => [chart.name, chart] as const))('the chart of the %s', (_name, chart) => {
  const examination = new Examination(chart);
  const { states, edges } = examination.size;

  it.each(lawsOf(chart))('%s', (law) => {
    expect(examination.against(law)).toEqual([]);
  });

  it(`is what a real actor does on each of its ${edges} edges between ${states} states`, async () => {
    // The short form takes the edges of every thirtieth state where there are many.
    const every = LONG || states < 1_000 ? 1 : 30;
    const { edges: taken, byClock, unused, differences } = await replay(examination, every);
    expect(differences.slice(0, 5)).toEqual([]);
    expect(taken).toBeGreaterThanOrEqual(every === 1 ? edges : states / every);
    if (every > 1) return;
    expect(unused).toEqual([]);
    expect(byClock > 0).toBe(examination.hasTimers);
  }, 300_000);
});
