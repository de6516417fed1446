import { Worker } from 'node:worker_threads';

import { systemEnvironment } from '../../util/environment.js';
import type { TimerHandle } from '../../util/environment.js';
import { describeThrown } from '../../util/failure.js';
import { schemaCompiler, verdictOf } from './schema-compiler.js';
import type { Verdict } from './schema-compiler.js';
import { OutOfTime } from './time-bound.js';

/** A check that is to be made in the worker. */
export interface ValidationJob {
  /** The worker compiles each schema once, by this number. */
  readonly id: number;
  /** The module of Ajv for the dialect of the schema, and its class there. */
  readonly dialect: { readonly module: string; readonly name: string };
  readonly schema: object;
  readonly value: unknown;
}

/** Why a check was not made to its end. */
export interface GivenUp {
  readonly why: string;
  /** Another check by the same schema would end in the same way. */
  readonly forGood: boolean;
}

type Answer = Verdict | GivenUp;

interface Waiting {
  readonly job: ValidationJob;
  readonly settle: (answer: Answer) => void;
}

/** How long a worker without work is kept, in ms: the next check needs neither a new one nor another compilation. */
const KEPT_IDLE = 30_000;

/** The most memory that the objects of a worker may take, in MiB. */
const MOST_MEMORY = 512;

/** The program of the worker. Text, since there is no file with it in a bundle; bundlers may wrap functions in `__name`. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const load = require('node:module').createRequire(workerData.from);
const __name = (fn) => fn;
const schemaCompiler = ${schemaCompiler.toString()};
const verdictOf = ${verdictOf.toString()};
const compilers = new Map();
const validators = new Map();
function validatorOf({ id, dialect, schema }) {
  let compile = compilers.get(dialect.module);
  if (compile === undefined) compilers.set(dialect.module, (compile = schemaCompiler(load(dialect.module)[dialect.name])));
  let validate = validators.get(id);
  if (validate === undefined) {
    if (validators.size >= 100) validators.clear();
    validators.set(id, (validate = compile(schema)));
  }
  return validate;
}
parentPort.on('message', (job) => {
  let answer;
  try {
    answer = verdictOf(validatorOf(job), job.value);
  } catch (thrown) {
    answer = { why: String(thrown?.message ?? thrown), forGood: false };
  }
  parentPort.postMessage(answer);
});
`;

/**
 * Makes checks in a thread of its own, one after the other, so that one that takes long blocks nothing else. The thread is started for the
 * first check, ended when a check runs out of time, and ended when there was nothing to do for 30 s. It does not keep the process alive.
 */
export class ValidationWorker {
  readonly #timeLimit: number;
  #queue: Waiting[] = [];
  #current: Waiting | undefined;
  #worker: Worker | undefined;
  /** Limits the check that is made, or the time without any. */
  #timer: TimerHandle;

  /** @param timeLimit milliseconds that one check may take, with compiling the schema and starting the thread */
  constructor(timeLimit: number) {
    this.#timeLimit = timeLimit;
  }

  /** Checks a value. Never rejects. */
  check(job: ValidationJob): Promise<Verdict | GivenUp> {
    return new Promise((settle) => {
      this.#queue.push({ job, settle });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#rest();
      return;
    }
    this.#current = next;
    this.#setTimer(this.#timeLimit, () => {
      this.#stop({ why: new OutOfTime(this.#timeLimit).message, forGood: true });
    });
    try {
      const worker = (this.#worker ??= this.#start());
      worker.ref();
      worker.postMessage(next.job);
    } catch (thrown) {
      // The value is too deep to be sent, for instance.
      this.#settle({ why: describeThrown(thrown), forGood: false });
    }
  }

  #start(): Worker {
    // eslint-disable-next-line no-restricted-globals -- where it does not exist, Ajv is looked for from the working directory
    const from = typeof __filename === 'string' ? __filename : `${process.cwd()}/index.js`;
    const worker = new Worker(PROGRAM, {
      eval: true,
      workerData: { from },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY },
    });
    worker.on('message', (answer: Answer) => {
      if (this.#worker === worker) this.#settle(answer);
    });
    worker.on('error', (error) => {
      if (this.#worker === worker) this.#stop({ why: describeThrown(error), forGood: true });
    });
    return worker;
  }

  #settle(answer: Answer): void {
    const { settle } = this.#current as Waiting;
    this.#current = undefined;
    settle(answer);
    this.#next();
  }

  /** Ends the worker and gives up its check, and those by the same schema that wait. */
  #stop(answer: GivenUp): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
    if (this.#current === undefined) return;
    const { id } = this.#current.job;
    const same = this.#queue.filter(({ job }) => job.id === id);
    this.#queue = this.#queue.filter(({ job }) => job.id !== id);
    for (const { settle } of same) settle(answer);
    this.#settle(answer);
  }

  /** There is nothing to do at the moment. */
  #rest(): void {
    const worker = this.#worker;
    this.#worker?.unref();
    this.#setTimer(KEPT_IDLE, () => {
      void worker?.terminate();
      this.#worker = undefined;
    });
    systemEnvironment.hold?.(this.#timer, false);
  }

  #setTimer(delay: number, callback: () => void): void {
    systemEnvironment.clearTimeout(this.#timer);
    this.#timer = systemEnvironment.setTimeout(callback, delay);
  }
}
