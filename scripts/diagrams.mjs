// Draws the machines of src/machines: visualizations/*.mmd, visualizations/*.svg and the charts in the documents.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
require('ts-node').register({
  transpileOnly: true,
  // Lets `./x.js` find `x.ts`.
  experimentalResolver: true,
  compilerOptions: { rootDir: fileURLToPath(new URL('..', import.meta.url)) },
});
await require('../visualizations/generate/main.ts').main();
