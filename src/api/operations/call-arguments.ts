import { isObject } from '../../protocol/checks/problem.js';
import { invalidOption, unusableOption } from '../../option-checks.js';

// What a program hands to a call goes to the server as it is: what no server could read is refused here. JSON-RPC 2.0; 2026-07-28
// basic/index, "Requests".

/** Refuses what is no text where one is needed. */
export function checkText(name: string, expected: string, value: unknown): void {
  if (typeof value !== 'string') throw invalidOption(name, expected, value);
}

/** Refuses what cannot be parameters, or arguments: they are objects, or there are none. */
export function checkParams(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))) return;
  throw invalidOption(name, 'an object', value);
}

/** Refuses arguments of a prompt that are not all text. A number is not shown: it may be a secret. 2026-07-28 server/prompts. */
export function checkTexts(name: string, values: unknown): void {
  checkParams(name, values);
  for (const [key, value] of Object.entries(values ?? {})) {
    // What is undefined is not sent.
    if (value !== undefined && typeof value !== 'string') {
      throw unusableOption(`${name}.${key}`, 'a string', value === null ? 'null' : `a ${typeof value}`);
    }
  }
}

/** Refuses what no server could complete. 2026-07-28 server/utilities/completion. */
export function checkCompletion(params: unknown): void {
  const { ref, argument } = (isObject(params) ? params : {}) as { readonly ref?: unknown; readonly argument?: unknown };
  if (!isObject(ref)) throw invalidOption('ref', 'an object', ref);
  if (ref.type === 'ref/prompt') checkText('ref.name', 'the name of a prompt', ref.name);
  else if (ref.type === 'ref/resource') checkText('ref.uri', 'a URI, or the template of one', ref.uri);
  else throw invalidOption('ref.type', '"ref/prompt" or "ref/resource"', ref.type);
  if (!isObject(argument)) throw invalidOption('argument', 'an object', argument);
  checkTexts('argument', { name: argument.name ?? null, value: argument.value ?? null });
}
