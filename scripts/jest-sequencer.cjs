// Starts the longest test files first, so that no worker is still busy with one when the others have finished. Jest does this by itself from
// its second run on; on a fresh checkout it knows only the sizes of the files.
const Sequencer = require('@jest/test-sequencer').default;

/** The longest first. */
const LONGEST = [
  'test/models/charts.test.ts',
  'test/interop/file-store.test.ts',
  'test/models/faults.test.ts',
  'test/models/world-over-stdio.test.ts',
  'test/models/world-over-http.test.ts',
  'test/api/operations/slow-schemas.test.ts',
  'test/faults/limits.test.ts',
  'test/faults/throwing-charts.test.ts',
  'test/machines/authorization/authorization-throwing.test.ts',
].map((file) => require.resolve(`../${file}`));

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const place = ({ path: file }) => (LONGEST.includes(file) ? LONGEST.indexOf(file) : LONGEST.length);
    return [...sorted].sort((one, other) => place(one) - place(other));
  }
};
