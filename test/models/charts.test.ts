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
    const { edges: taken, byClock, unused, differences } = await replay(chart);
    expect(differences.slice(0, 5)).toEqual([]);
    expect(taken).toBe(edges);
    expect(unused).toEqual([]);
    expect(byClock > 0).toBe(examination.hasTimers);
  }, 300_000);
});
