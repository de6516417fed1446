import { isObject } from '../../protocol/checks/problem.js';
import { invalidOption, unusableOption } from '../../option-checks.js';

// Checks the arguments of calls before they are sent, so that an invalid one is an error with the name of the argument. JSON-RPC 2.0;
// 2026-07-28 basic/index, "Requests". All functions throw an MCPError with code `MCP_INVALID_PARAMS`.

/** Checks that an argument is a string. */
export function checkText(name: string, expected: string, value: unknown): void {
  if (typeof value !== 'string') throw invalidOption(name, expected, value);
}

/** Checks that an argument is an object or undefined. */
export function checkParams(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))) return;
  throw invalidOption(name, 'an object', value);
}

/** Checks that all arguments of a prompt are strings. The error does not show a value, which may be a secret. 2026-07-28 server/prompts. */
export function checkTexts(name: string, values: unknown): void {
  checkParams(name, values);
  for (const [key, value] of Object.entries(values ?? {})) {
    // Undefined values are not sent.
    if (value !== undefined && typeof value !== 'string') {
      throw unusableOption(`${name}.${key}`, 'a string', value === null ? 'null' : `a ${typeof value}`);
    }
  }
}

/** Checks the parameters of `complete()`. 2026-07-28 server/utilities/completion. */
export function checkCompletion(params: unknown): void {
  const { ref, argument } = (isObject(params) ? params : {}) as { readonly ref?: unknown; readonly argument?: unknown };
  if (!isObject(ref)) throw invalidOption('ref', 'an object', ref);
  if (ref.type === 'ref/prompt') checkText('ref.name', 'the name of a prompt', ref.name);
  else if (ref.type === 'ref/resource') checkText('ref.uri', 'a URI or a URI template', ref.uri);
  else throw invalidOption('ref.type', '"ref/prompt" or "ref/resource"', ref.type);
  if (!isObject(argument)) throw invalidOption('argument', 'an object', argument);
  checkTexts('argument', { name: argument.name ?? null, value: argument.value ?? null });
}
