import { sample } from '../support/long-form.js';
import { breaches } from './charts/chart-model.js';
import { seededFaults } from './charts/faults.js';

describe('a fault in a chart is noticed', () => {
  it.each(sample(seededFaults(), 3).map((fault) => [fault.chart.name, fault.what, fault.law, fault] as const))(
    '%s: %s (the law: %s)',
    (_chart, _what, law, { chart, machine }) => {
      expect(breaches(chart, machine).map((breach) => breach.law)).toContain(law);
    },
  );
});
