import { assign, fromPromise, setup, stateIn } from 'xstate';

/** How many times the end of the link is put off because output waits: a server that never stops writing must not hold it open. */
const MOST_DRAINS = 50;

/** Effects of the chart on the process and on the owner of the link. */
export interface ProcessPorts {
  /** Stops writing messages, because the process does not read them. */
  holdWrites(): void;
  /** Whether output of the process still waits for its turn. */
  outputWaits(): boolean;
  /** Calls back when the output that waits now has been handled. */
  afterOutput(callback: () => void): void;
  /** Hands out the rest of the output and reports to the owner that the link has ended. */
  endLink(): void;
  /** The owner closes the link: stops reading and writing. */
  stopMessages(): void;
  /** Closes standard input, which asks the server to exit. */
  endInput(): void;
  /** Asks all processes of the group to exit. */
  terminate(): void;
  /** Kills all processes of the group. */
  kill(): void;
  /** Ends processes that the server has left behind. */
  endRemains(): Promise<void>;
  /** The process and its group are gone. */
  finish(): void;
  /** The process cannot be killed, so it no longer keeps this one alive. */
  abandon(): void;
}

/** Events of the process and of the owner of the link. */
export type ProcessEvent =
  /** A pipe has broken or ended, so the process can no longer be talked to. */
  | { readonly type: 'broken' }
  /** The process has exited. Other processes may hold its pipes open. */
  | { readonly type: 'exited' }
  /** The process has exited, its pipes are closed, and its output has been handled. */
  | { readonly type: 'finished' }
  | { readonly type: 'outputHandled' }
  /** The owner closes the link. */
  | { readonly type: 'close' }
  /** The owner closes a link over which nothing was sent: the server has nothing to finish. */
  | { readonly type: 'kill' };

interface ProcessContext {
  readonly ports: ProcessPorts;
  /** How many times the chart has waited for output. */
  readonly drains: number;
}

const portOf =
  (name: Exclude<keyof ProcessPorts, 'outputWaits' | 'afterOutput' | 'endRemains'>) =>
  ({ context }: { context: ProcessContext }): void => {
    context.ports[name]();
  };

/**
 * The life of a server process and of the link over its pipes. The link ends when the process does, or is closed by its owner; closing asks
 * the process to exit, more and more firmly. 2026-07-28 basic/transports/stdio, "Shutdown".
 */
export const processMachine = setup({
  types: {
    context: {} as ProcessContext,
    events: {} as ProcessEvent,
    input: {} as Pick<ProcessContext, 'ports'>,
  },
  actors: {
    remains: fromPromise<void, ProcessPorts>(({ input }) => input.endRemains()),
  },
  guards: {
    outputWaits: ({ context: { ports, drains } }) => drains < MOST_DRAINS && ports.outputWaits(),
    hasExited: stateIn({ process: 'exited' }),
  },
  actions: {
    holdWrites: portOf('holdWrites'),
    endLink: portOf('endLink'),
    stopMessages: portOf('stopMessages'),
    endInput: portOf('endInput'),
    terminate: portOf('terminate'),
    kill: portOf('kill'),
    finish: portOf('finish'),
    abandon: portOf('abandon'),
    countDrain: assign({ drains: ({ context }) => context.drains + 1 }),
    awaitOutput: ({ context, self }) => {
      context.ports.afterOutput(() => {
        self.send({ type: 'outputHandled' });
      });
    },
  },
  delays: {
    /** For each step of closing: the end of standard input, SIGTERM, SIGKILL. */
    grace: 2_000,
    /** After the exit of a process, for the end of its output: a process that it started may hold the pipe open. */
    drain: 100,
    /** After a pipe has broken, for the process to exit: the exit says more about what happened. */
    exit: 500,
  },
}).createMachine({
  id: 'process',
  context: ({ input: { ports } }) => ({ ports, drains: 0 }),
  type: 'parallel',
  states: {
    process: {
      initial: 'running',
      states: {
        running: { on: { exited: { target: 'exited', actions: 'holdWrites' } } },
        exited: {},
      },
    },
    link: {
      initial: 'open',
      states: {
        open: {
          initial: 'talking',
          on: {
            exited: '.draining',
            finished: 'ended',
            close: { target: 'closing', actions: 'stopMessages' },
            kill: { target: 'closing.killing', actions: ['stopMessages', 'endInput'] },
          },
          states: {
            talking: { on: { broken: { target: 'exiting', actions: 'holdWrites' } } },
            exiting: {
              after: { exit: [{ guard: 'outputWaits', target: 'catchingUp' }, { target: '#process.link.ended' }] },
            },
            draining: {
              after: { drain: [{ guard: 'outputWaits', target: 'catchingUp' }, { target: '#process.link.ended' }] },
            },
            catchingUp: { entry: ['countDrain', 'awaitOutput'], on: { outputHandled: 'draining' } },
          },
        },
        ended: { entry: 'endLink', always: 'closing' },
        closing: {
          initial: 'endingInput',
          states: {
            endingInput: {
              entry: 'endInput',
              always: { guard: 'hasExited', target: 'clearing' },
              after: { grace: 'terminating' },
            },
            terminating: { entry: 'terminate', after: { grace: 'killing' } },
            killing: {
              entry: 'kill',
              always: { guard: 'hasExited', target: 'clearing' },
              after: { grace: '#process.link.abandoned' },
            },
            clearing: {
              invoke: {
                src: 'remains',
                input: ({ context }) => context.ports,
                onDone: '#process.link.closed',
                onError: '#process.link.closed',
              },
            },
          },
          on: { exited: '.clearing' },
        },
        closed: { entry: 'finish', type: 'final' },
        abandoned: { entry: 'abandon', type: 'final' },
      },
    },
  },
});
