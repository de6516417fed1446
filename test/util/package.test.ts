import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { PACKAGE } from '../../src/util/package.js';

it('sends the name and version of the package to servers', () => {
  const manifest = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as typeof PACKAGE;
  expect(PACKAGE).toEqual({ name: manifest.name, version: manifest.version });
});
