// npm run bench:compare -- OTHER [--quick] [--only WHAT]: the client of this checkout against that of another checkout. See README.md.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { callCases, ERAS, LEVELS } from './cases.mjs';
import { Contestant, withHttpServer } from './measure-calls.mjs';
import { REVISIONS } from './echo.mjs';
import { compareContestants } from './pairs.mjs';
import { table } from './report.mjs';

const { values: options, positionals } = parseArgs({
  options: { quick: { type: 'boolean' }, only: { type: 'string', default: '' } },
  allowPositionals: true,
});
const [other] = positionals;
if (other === undefined) throw new Error('Name the folder of the other checkout, in which "npm run build" was run');
const BENCHES = [fileURLToPath(new URL('.', import.meta.url)), path.resolve(other, 'bench')];

await withHttpServer(async (http) => {
  const rows = [];
  for (const { title, ...connection } of callCases(http, options.only)) {
    for (const era of ERAS) {
      const starts = BENCHES.map((bench) => () => Contestant.start('ours', { ...connection, era }, bench));
      for (const { inFlight, clock, processor } of await compareContestants(starts, LEVELS, options))
        rows.push([`${title}, ${REVISIONS[era]}, ${inFlight} in flight`, clock, processor]);
    }
  }
  console.log(`this checkout, in times of ${path.basename(path.resolve(other))}; smaller is better\n`);
  console.log(table(['', 'clock', 'processor'], rows));
});
