import type { CommandContext } from '../command-context.js';
import { oneLine } from '../terminal.js';

/** Declines a request of the server that needs a person, and says so. */
export function declined({ terminal }: CommandContext, server: string, wish: string): { action: 'decline' } {
  const reason = 'declined, because no person can answer here';
  terminal.note(`${oneLine(server, 60)} ${wish}: ${reason} (in a terminal it is shown; for forms see --answers).`);
  return { action: 'decline' };
}
