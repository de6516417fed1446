import { Worker } from 'node:worker_threads';

import { systemEnvironment } from '../../util/environment.js';
import type { TimerHandle } from '../../util/environment.js';
import { describeThrown } from '../../util/failure.js';
import { schemaCompiler, validationOf } from './schema-compiler.js';
import type { Validation } from './schema-compiler.js';
import { OutOfTime } from './time-bound.js';

/** A check for the worker. */
export interface ValidationJob {
  /** The number of the schema. The worker compiles each schema once. */
  readonly id: number;
  /** The module and class of Ajv for the dialect of the schema. */
  readonly dialect: { readonly module: string; readonly name: string };
  readonly schema: object;
  readonly value: unknown;
}

/** The reason why a check has no result. */
export interface GivenUp {
  readonly why: string;
  /** Whether other checks with the same schema would have no result either. */
  readonly forGood: boolean;
}

type Answer = Validation | GivenUp;

interface Waiting {
  readonly job: ValidationJob;
  readonly settle: (answer: Answer) => void;
}

/** How long an idle worker is kept, in ms, so that the next check needs no start and no compilation. */
const KEPT_IDLE = 30_000;

/** Maximum heap size of the worker, in MiB. */
const MAX_MEMORY = 512;

/** The program of the worker. It is text, because a bundle has no file for it. Bundlers may wrap functions in `__name`. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const load = require('node:module').createRequire(workerData.from);
const __name = (fn) => fn;
const schemaCompiler = ${schemaCompiler.toString()};
const validationOf = ${validationOf.toString()};
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
    answer = validationOf(validatorOf(job), job.value);
  } catch (thrown) {
    answer = { why: String(thrown?.message ?? thrown), forGood: false };
  }
  parentPort.postMessage(answer);
});
`;

/**
 * Makes checks in a worker thread, one after the other, so that a slow check does not block the main thread. The worker is started for the
 * first check, and terminated when a check exceeds its time and after 30 s without work. It does not keep the process alive.
 */
export class ValidationWorker {
  readonly #timeLimit: number;
  #queue: Waiting[] = [];
  #current: Waiting | undefined;
  #worker: Worker | undefined;
  /** The timeout of the current check, or of the idle time. */
  #timer: TimerHandle;

  /** @param timeLimit the maximum time of a check, with starting the thread and compiling the schema, in ms */
  constructor(timeLimit: number) {
    this.#timeLimit = timeLimit;
  }

  /** Checks a value. Never rejects. */
  check(job: ValidationJob): Promise<Validation | GivenUp> {
    return new Promise((settle) => {
      this.#queue.push({ job, settle });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#idle();
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
      // For instance, the value is nested too deeply for a structured clone.
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
      resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY },
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

  /** Terminates the worker, and settles its check and the waiting ones with the same schema. */
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

  /** Terminates the worker if it stays idle. */
  #idle(): void {
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
