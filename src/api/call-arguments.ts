import { invalidOption } from './option-reader.js';

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
