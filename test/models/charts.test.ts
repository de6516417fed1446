import { Examination, lawsOf } from './charts/chart-model.js';
import { CHARTS } from './charts/index.js';

describe.each(CHARTS.map((chart) => [chart.name, chart] as const))('the chart of the %s', (_name, chart) => {
  const examination = new Examination(chart);

  it.each(lawsOf(chart))('%s', (law) => {
    expect(examination.against(law)).toEqual([]);
  });
});
