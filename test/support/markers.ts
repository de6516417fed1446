import { inspect } from 'node:util';

import type { MCPError } from '../../src/index.js';

/** Every secret of these tests has this in it, and nothing else has: where it shows, a secret shows. */
export const MARKER = 'mark3r';

/** A secret with characters that JSON and URLs write in another way. */
export function marked(name: string): string {
  return `${MARKER}/${name}+"7 %`;
}

/** Every way in which people print an error. */
export function printed(error: unknown): string {
  const { message, stack, cause, details, explain } = error as Partial<MCPError>;
  return [
    message,
    String(error),
    stack,
    JSON.stringify(error),
    JSON.stringify(details),
    typeof explain === 'function' ? (error as MCPError).explain() : '',
    inspect(error, { depth: 10, showHidden: true }),
    inspect(error, { depth: 10, customInspect: false }),
    inspect(cause, { depth: 10, showHidden: true }),
  ].join('\n');
}

/** Fails with the places where a secret shows, and a little of what is around it. */
export function expectNoMarker(told: Readonly<Record<string, string>>): void {
  const found = Object.entries(told).flatMap(([where, text]) =>
    Array.from(
      text.matchAll(new RegExp(`[^\\n]{0,80}${MARKER}[^\\n]{0,40}`, 'g')),
      ([around]) => `${where}: ${around}`,
    ),
  );
  expect(found).toEqual([]);
}
