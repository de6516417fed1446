import path from 'node:path';
import { pathToFileURL } from 'node:url';

import type { HandlerOptions } from '../../api/options/handler-options.js';
import type {
  ElicitationHandler,
  SamplingHandler,
  UrlElicitationHandler,
} from '../../protocol/server-requests/server-requests.js';
import type { CommandContext } from '../command-context.js';
import { CommandError } from '../exit-codes.js';
import { readInput } from '../inputs.js';
import { declined } from './declined.js';
import type { ServerRequestFlags } from './flags.js';

/**
 * The handlers for requests of the server. In a terminal a person answers; otherwise forms are filled in from `--answers`, and the rest is declined
 * at once. What asks a person is loaded with the first request.
 */
export async function handlersFor(
  { answers: file, root, sampling }: ServerRequestFlags,
  context: CommandContext,
  server: string,
): Promise<HandlerOptions> {
  const answers = file === undefined ? undefined : await answersFrom(file, context);
  const form: ElicitationHandler = async (params, request) => {
    const { answerForm } = await import('./answer-form.js');
    return inTurn(context, () => answerForm(params, request, { answers, context, server }));
  };
  const url: UrlElicitationHandler = async (params, request) => {
    if (!context.terminal.interactive) return declined(context, server, 'wants to open a page');
    const { askForPage } = await import('./ask-for-page.js');
    return inTurn(context, () => askForPage(params, request, { context, server }));
  };
  const createMessage: SamplingHandler = async (params, request) => {
    const { sample } = await import('./sample.js');
    return inTurn(context, () => sample(params, request, { program: sampling, context, server }));
  };
  return {
    elicitation: { form, url },
    // Only what can be answered is offered: a server may have another way when the client has no model.
    ...((sampling !== undefined || context.terminal.interactive) && { sampling: createMessage }),
    ...(root !== undefined &&
      root.length > 0 && {
        roots: root.map((directory) => ({ uri: pathToFileURL(path.resolve(context.cwd, directory)).href })),
      }),
  };
}

/**
 * Reads the file of `--answers`.
 * @throws CommandError if it is damaged, never with its content
 */
async function answersFrom(file: string, context: CommandContext): Promise<Readonly<Record<string, unknown>>> {
  const text = await readInput(context, file);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Reported below.
  }
  throw new CommandError(`The file ${file} of --answers is not a JSON object of values by field name.`);
}

const TURNS = new WeakMap<CommandContext, Promise<unknown>>();

/** Runs one prompt after the other: a server may send several requests at once. */
async function inTurn<Result>(context: CommandContext, work: () => Promise<Result>): Promise<Result> {
  const before = TURNS.get(context) ?? Promise.resolve();
  const turn = before.then(work);
  TURNS.set(
    context,
    turn.catch(() => undefined),
  );
  return turn;
}
