import { killMembers } from '../chaos/group-kills.js';
import { LONG } from '../support/long-form.js';

// `npm run kills -- --over=group` does it a hundred times.
it('keeps every call exactly once or unknown while servers are killed, and calls to the others notice nothing', async () => {
  const kills = LONG ? 100 : 5;
  const { counts, untouched, wrong } = await killMembers(kills);
  expect(wrong).toEqual([]);
  expect(counts.answered + counts.unknown + counts.notSent + untouched).toBe(64 * kills);
  expect(untouched).toBeGreaterThan(50 * kills);
}, 300_000);
