import type { Step } from '../../../src/compiled-chart.js';

/** The steps from each state of a compiled chart that can be reached. */
export function rowsOf<Subject, Event>(start: Step<Subject, Event>): Map<string, Step<Subject, Event>['next']> {
  const rows = new Map([[start.target, start.next]]);
  for (const row of rows.values()) for (const { target, next } of row) if (!rows.has(target)) rows.set(target, next);
  return rows;
}
