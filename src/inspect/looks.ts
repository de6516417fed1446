import type { AnyActorRef } from 'xstate';

/** The innermost states of a state value, by the ids that they have in the chart. */
export function leavesOf(value: unknown, chart: string | undefined): string[] {
  const leaves: string[] = [];
  collectLeaves(value, chart ?? '', leaves);
  return leaves;
}

function collectLeaves(value: unknown, path: string, leaves: string[]): void {
  if (typeof value === 'string') leaves.push(path === '' ? value : `${path}.${value}`);
  else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) leaves.push(path);
    for (const [key, inner] of entries) collectLeaves(inner, path === '' ? key : `${path}.${key}`, leaves);
  }
}

/** Actors with a chart carry it along as the configuration of their machine. */
export function chartOf(ref: AnyActorRef): string | undefined {
  const { config } = (ref as { logic?: { config?: { id?: unknown } } }).logic ?? {};
  return typeof config?.id === 'string' ? config.id : undefined;
}

/** Whether an event brings anything along. */
export function hasMore(event: object): boolean {
  return Object.keys(event).length > 1;
}

/** What a message of JSON-RPC is. */
export function kindOf(message: unknown): 'request' | 'notification' | 'result' | 'error' | 'other' {
  if (typeof message !== 'object' || message === null) return 'other';
  if ('method' in message) return 'id' in message ? 'request' : 'notification';
  return 'result' in message ? 'result' : 'error' in message ? 'error' : 'other';
}
