import { createContext, Script } from 'node:vm';

/** What is run within a limit, by the name under which the script finds it. */
interface Stage {
  run: (() => void) | undefined;
}

const SCRIPT = new Script('run()');
let stage: Stage | undefined;

/** Milliseconds that Node can count; more is no limit. */
const LONGEST = 2 ** 31 - 1;

/** Somebody else's schema or pattern took more time than it may. */
export class OutOfTime extends Error {
  constructor(limit: number) {
    super(`it takes longer than ${limit} ms (\`limits.validationTime\`)`);
    this.name = 'OutOfTime';
  }
}

/**
 * Calls a function that somebody else can make run for ever, such as one that a pattern was compiled into, and stops it after so many
 * milliseconds of real time. Node has one means to stop a loop within its own thread, and that is a script; it takes about a tenth of a
 * millisecond to begin.
 * @throws OutOfTime, and what the function throws.
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
