import { spawn } from 'node:child_process';

import type { CreateMessageRequestParams, CreateMessageResult } from '../../protocol/schema/index.js';
import type { ServerRequestContext } from '../../protocol/server-requests/server-requests.js';
import { printable } from '../../util/printable.js';
import type { CommandContext } from '../command-context.js';
import { askPerson } from '../prompts.js';
import { oneLine } from '../terminal.js';

/** The longest output of the program of `--sampling`, in bytes. */
const LONGEST = 8 * 1_024 * 1_024;

/** How a sampling request is answered. */
export interface SamplingPlace {
  /** The program of `--sampling`, as a command line of the shell. */
  readonly program: string | undefined;
  readonly context: CommandContext;
  readonly server: string;
}

/** Answers a sampling request with the program of `--sampling`, or by a person who reads the request and types the result. */
export async function sample(
  params: CreateMessageRequestParams,
  request: ServerRequestContext,
  { program, context, server }: SamplingPlace,
): Promise<CreateMessageResult> {
  if (program !== undefined) return resultOf(await run(program, params, request), program);
  return askForMessage(params, request, context, server);
}

/** The output as a result: the JSON of a result, or the text of the model. */
function resultOf(output: string, program: string): CreateMessageResult {
  try {
    const value: unknown = JSON.parse(output);
    if (typeof value === 'object' && value !== null && 'content' in value) {
      return { role: 'assistant', model: program, ...value } as CreateMessageResult;
    }
  } catch {
    // Not JSON: it is the text.
  }
  return { role: 'assistant', model: program, content: { type: 'text', text: output.trimEnd() } };
}

function run(program: string, params: CreateMessageRequestParams, request: ServerRequestContext): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, { shell: true, stdio: ['pipe', 'pipe', 'inherit'], signal: request.signal });
    let output = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      output += chunk;
      if (output.length > LONGEST) child.kill();
    });
    // The program may end without reading the request.
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify(params));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(request.refuse(`The model program failed (exit code ${code ?? 'none'}).`));
    });
  });
}

function askForMessage(
  { messages, systemPrompt, maxTokens }: CreateMessageRequestParams,
  request: ServerRequestContext,
  { terminal }: CommandContext,
  server: string,
): Promise<CreateMessageResult> {
  return askPerson(
    terminal,
    async (clack, common) => {
      clack.intro(
        `${oneLine(server, 60)} asks for a message of a language model (at most ${maxTokens} tokens)`,
        common,
      );
      if (systemPrompt !== undefined) clack.note(printable(systemPrompt), 'system prompt', common);
      for (const { role, content } of messages) clack.note(printable(textOf(content)), role, common);
      const text = await clack.multiline({ ...common, message: 'Type the answer of the model (Escape refuses).' });
      if (typeof text === 'symbol' || text === '') throw request.refuse('The user did not answer.');
      return { role: 'assistant', model: 'person', content: { type: 'text', text } };
    },
    request.signal,
  );
}

function textOf(content: unknown): string {
  const { type, text } = content as { type?: unknown; text?: unknown };
  return type === 'text' && typeof text === 'string' ? text : JSON.stringify(content);
}
