import type { Environment } from '../../util/environment.js';
import { describeThrown, failure, isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { AuthorizationEvent, AuthorizationStep } from './authorization-facts.js';

/** The steps that end when their tokens are stored: the server may have replaced the refresh token that was sent. */
const FINISHED: ReadonlySet<AuthorizationStep> = new Set<AuthorizationStep>(['refresh', 'exchange']);

/** The steps that also end so when the connection is closed, but not when the person or the program has cancelled the sign-in. */
const FINISHED_AT_CLOSE: ReadonlySet<AuthorizationStep> = new Set<AuthorizationStep>(['poll']);

/** The steps that hold a lock for others. */
const HOLDING: ReadonlySet<AuthorizationStep> = new Set<AuthorizationStep>(['lockRefresh', 'lockSignIn']);

/** How long the end of a connection waits for tokens that were requested, in ms. */
const LONGEST_FINISH = 2_000;

/** Carries a step out. */
export type Carrier = (signal: AbortSignal) => Promise<AuthorizationEvent>;

interface RunningStep {
  readonly step: AuthorizationStep;
  /** Ends the request of a step that would be finished at the end of the connection. */
  readonly cancel: AbortController;
}

/** Receives the result of a step. */
export interface StepReceiver {
  /** The event of the step, unless the step was ended. */
  send(event: AuthorizationEvent): void;
  /** There are new tokens, although the step was ended. */
  finished(): void;
}

/**
 * The steps of an authorization that are running. A step that was ended reports nothing. Requests for tokens are not aborted with their step,
 * and locks are held until the tokens are stored that were requested under them.
 */
export class RunningSteps {
  readonly #environment: Environment;
  readonly #running = new Map<AbortController, RunningStep>();
  #isClosing = false;
  /** The end of a connection may be called for twice. */
  #finishing: Promise<void> | undefined;
  /** The requests for tokens. */
  readonly #unfinished = new Set<Promise<void>>();
  /** The leases of the store that are being released. */
  readonly #releasing = new Set<Promise<void>>();
  /** Ends these requests. */
  #giveUp = new AbortController();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Runs a step. Returns the function that ends it. */
  run(step: AuthorizationStep, carry: Carrier, receiver: StepReceiver): () => void {
    const stop = new AbortController();
    const running = { step, cancel: new AbortController() };
    this.#isClosing = false;
    this.#running.set(stop, running);
    const finishes = FINISHED.has(step) || FINISHED_AT_CLOSE.has(step);
    const giveUp = FINISHED.has(step)
      ? this.#giveUp.signal
      : AbortSignal.any([this.#giveUp.signal, running.cancel.signal]);
    const begin = async (): Promise<AuthorizationEvent> => {
      // The chart has handled its event before a function of the user is called, which may close the client.
      await Promise.resolve();
      stop.signal.throwIfAborted();
      return carry(finishes ? giveUp : stop.signal);
    };
    const done = begin().then(
      (event) => {
        if (!stop.signal.aborted) receiver.send(event);
        else if (finishes && !giveUp.aborted && 'grant' in event) receiver.finished();
      },
      (thrown: unknown) => {
        const why = isFailure(thrown) ? thrown : internal(step, thrown);
        if (!stop.signal.aborted) receiver.send({ type: 'failed', failure: why });
      },
    );
    if (finishes) this.#keepUnfinished(done, giveUp);
    return () => {
      this.#end(stop, running);
    };
  }

  /** The connection is being closed: the steps that are ended now are ended by that. */
  beginClosing(): void {
    this.#isClosing = true;
  }

  #keepUnfinished(done: Promise<void>, giveUp: AbortSignal): void {
    // A store may never answer a write.
    const ended = new Promise<void>((resolve) => {
      const end = (): void => {
        giveUp.removeEventListener('abort', end);
        resolve();
      };
      giveUp.addEventListener('abort', end);
      void done.then(end);
    });
    this.#unfinished.add(ended);
    void ended.then(() => this.#unfinished.delete(ended));
  }

  #end(stop: AbortController, { step, cancel }: RunningStep): void {
    this.#running.delete(stop);
    if (!this.#isClosing) cancel.abort();
    if (!HOLDING.has(step) || this.#unfinished.size === 0) stop.abort();
    else
      void this.settled().then(() => {
        stop.abort();
      });
  }

  /** Tokens are being stored: they can be deleted only afterwards, also if their step was ended. The promise never rejects. */
  keepStoring(done: Promise<void>): void {
    this.#keepUnfinished(done, this.#giveUp.signal);
  }

  /** The end of a connection waits for the release of a lease, so that other processes need not wait. The promise never rejects. */
  keepReleasing(done: Promise<void>): void {
    this.#releasing.add(done);
    void done.then(() => this.#releasing.delete(done));
  }

  /** Resolves when no tokens are requested. */
  async settled(): Promise<void> {
    await Promise.all(this.#unfinished);
  }

  /** Whether all steps have been ended. */
  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** Resolves when the tokens that were requested are stored and all leases released, or when that takes too long. */
  finish(): Promise<void> {
    this.#finishing ??= this.#finish().finally(() => {
      this.#finishing = undefined;
    });
    return this.#finishing;
  }

  async #finish(): Promise<void> {
    if (this.#unfinished.size === 0 && this.#releasing.size === 0) return;
    const giveUp = this.#giveUp;
    await new Promise<void>((resolve) => {
      const timer = this.#environment.setTimeout(() => {
        // The steps of the next connection have one of their own.
        if (this.#giveUp === giveUp) this.#giveUp = new AbortController();
        giveUp.abort(failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection is closed'));
        this.#releasing.clear();
        resolve();
      }, LONGEST_FINISH);
      void this.#finished().then(() => {
        this.#environment.clearTimeout(timer);
        resolve();
      });
    });
  }

  async #finished(): Promise<void> {
    await this.settled();
    await Promise.all(this.#releasing);
  }

  /** Ends all steps and releases their locks. XState does not do so when a part of the chart throws. */
  endAll(): void {
    for (const [stop, running] of this.#running) this.#end(stop, running);
  }
}

/** A step threw something that is no failure. What it threw may contain secrets of the library. */
function internal(step: AuthorizationStep, thrown: unknown): Failure {
  return failure('authentication', 'MCP_INTERNAL', `The step ${step} failed: ${describeThrown(thrown)}`, {
    delivery: 'not-sent',
  });
}
