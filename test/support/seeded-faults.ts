import * as path from 'node:path';

import type * as Errors from '../../src/errors.js';
import type { MCPError } from '../../src/index.js';
import type * as NetworkOptions from '../../src/transports/network-options.js';
import type * as OptionChecks from '../../src/option-checks.js';
import { expectNoMarker, MARKER, printed } from './markers.js';

/** Of so many errors of a test the first and the last are looked at: some tests fail ten thousand calls at once. */
const MOST = 100;

/**
 * All tests of test/faults run with secrets that have a marker in them: a header goes with every request of their transports, and a variable
 * and an argument with every process. No error that is made in them may show the marker, in whatever way it is printed.
 */
if (String(expect.getState().testPath).includes(path.join('test', 'faults'))) {
  let errors: MCPError[] = [];

  beforeAll(() => {
    // As they are to each other: what `import()` gives cannot be replaced.
    const made = jest.requireActual<typeof Errors>('../../src/errors.js');
    const options = jest.requireActual<typeof OptionChecks>('../../src/option-checks.js');
    const network = jest.requireActual<typeof NetworkOptions>('../../src/transports/network-options.js');
    const { toError } = made;
    jest.spyOn(made, 'toError').mockImplementation((...args) => {
      const error = toError(...args);
      if (errors.length >= 2 * MOST) errors.splice(MOST, 1);
      errors.push(error);
      return error;
    });
    const { copyOptions } = options;
    jest.spyOn(options, 'copyOptions').mockImplementation((given, names) => {
      const copy = copyOptions(given, names);
      if (!names.has('env')) return copy;
      const { env } = copy as { readonly env?: object };
      return { ...copy, env: { ...env, SEEDED_SECRET: `${MARKER}-variable` } };
    });
    const { readHeaders } = network;
    jest.spyOn(network, 'readHeaders').mockImplementation((...args) => ({
      'x-seeded-secret': `${MARKER}-header`,
      ...readHeaders(...args),
    }));
  });

  afterEach(() => {
    const looked = errors;
    errors = [];
    expectNoMarker({ errors: looked.map(printed).join('\n') });
  });
}
