import { createContext, Script } from 'node:vm';

/** The global object of the script. */
interface Stage {
  run: (() => void) | undefined;
}

const SCRIPT = new Script('run()');
let stage: Stage | undefined;

/** The longest timeout of a script, in ms. A longer one means no limit. */
const LONGEST = 2 ** 31 - 1;

/** A schema or pattern of an untrusted server took longer than its limit. */
export class OutOfTime extends Error {
  constructor(limit: number) {
    super(`it takes longer than ${limit} ms (\`limits.validationTime\`)`);
    this.name = 'OutOfTime';
  }
}

/**
 * Calls a function that may not end, such as the match of an untrusted pattern, and stops it after a number of milliseconds of real time.
 * Only the timeout of a `vm` script can stop a loop in the same thread; starting a script takes about 0.1 ms.
 * @throws OutOfTime, and the errors of the function.
 */
export function withinTime<Result>(limit: number, fn: () => Result): Result {
  if (limit > LONGEST) return fn();
  let result: { readonly value: Result } | undefined;
  stage ??= createContext({ run: undefined }) as Stage;
  stage.run = () => {
    result = { value: fn() };
  };
  try {
    SCRIPT.runInContext(stage, { timeout: Math.ceil(limit) });
  } catch (thrown) {
    throw (thrown as { code?: unknown } | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
      ? new OutOfTime(limit)
      : thrown;
  } finally {
    stage.run = undefined;
  }
  return (result as { readonly value: Result }).value;
}
