// npm run bench:token [-- --quick]: calls over HTTP of a client that has signed in, against those of one with a header `Authorization`. See
// README.md.
import { parseArgs } from 'node:util';
import { ERAS, LEVELS } from './cases.mjs';
import { Contestant, withHttpServer } from './measure-calls.mjs';
import { REVISIONS } from './echo.mjs';
import { compareContestants } from './pairs.mjs';
import { table } from './report.mjs';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean' } } });

await withHttpServer(async (http) => {
  const rows = [];
  for (const era of ERAS) {
    const connection = { era, server: `${http}/signed-in` };
    const starts = ['httpWithToken', 'httpWithHeader'].map(
      (transport) => () => Contestant.start('ours', { ...connection, transport }),
    );
    for (const { inFlight, clock, processor } of await compareContestants(starts, LEVELS, options))
      rows.push([`HTTP, JSON answers, ${REVISIONS[era]}, ${inFlight} in flight`, clock, processor]);
  }
  console.log('a token of `oauth()`, in times of the option `headers`; smaller is better\n');
  console.log(table(['', 'clock', 'processor'], rows));
});
