import type { Terminal } from './terminal.js';

function load() {
  return import('@clack/prompts');
}

/** The functions that ask a person. */
export type Prompts = Awaited<ReturnType<typeof load>>;

/** The options that all prompts share. */
export interface PromptOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly signal?: AbortSignal;
}

/** Asks a person in the terminal. The prompts are loaded here, because most commands do without. */
export async function askPerson<Result>(
  terminal: Terminal,
  ask: (prompts: Prompts, options: PromptOptions) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const prompts = await load();
  const options = { input: terminal.stdin, output: terminal.stderr, ...(signal !== undefined && { signal }) };
  return terminal.whilePrompting(() => ask(prompts, options));
}
