import { CommandError } from '../exit-codes.js';

/**
 * Characters that JSON allows in texts, but that a terminal obeys, hides or reorders: 8-bit controls, text direction marks and isolates,
 * zero-width characters, line separators, and tags.
 */
const HARMFUL =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g;

/**
 * A value as JSON in which such characters are escaped, so that it is safe in a terminal and has the same meaning.
 * @throws CommandError if the value is nested too deeply for the stack
 */
export function jsonText(value: unknown, indent?: number): string {
  return stringify(value, indent).replace(HARMFUL, (found) => found.split('').map(escaped).join(''));
}

function stringify(value: unknown, indent: number | undefined): string {
  try {
    return JSON.stringify(value, null, indent);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError('The value is nested too deeply to be printed as JSON.');
    throw error;
  }
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
