import { requestMachine } from '../../src/machines/request/request-machine.js';
import { toneOf } from '../../visualizations/inspector/format.js';
import { allNodes } from '../support/charts/recorded-actions.js';

it('gives each end of a request a colour of its kind', () => {
  const ends = allNodes(requestMachine.root).filter(({ type }) => type === 'final');
  expect(Object.fromEntries(ends.map(({ id, key }) => [key, toneOf(id)]))).toEqual({
    succeeded: 'good',
    failed: 'bad',
    timedOut: 'bad',
    responseLost: 'bad',
    cancelled: 'quiet',
  });
});
