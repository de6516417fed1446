import type { AnyActorRef } from 'xstate';

import { RequestRecord } from '../machines/request/request-record.js';

/** The used part of the snapshot of any actor. */
export interface ObservedSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value?: unknown;
  readonly context?: unknown;
  readonly tags?: unknown;
}

/** The record of a request actor; undefined for other actors, and for redacted copies. */
export function recordOf(ref: unknown): RequestRecord | undefined {
  const { input } = (ref as { options?: { input?: unknown } } | undefined)?.options ?? {};
  return input instanceof RequestRecord ? input : undefined;
}

/** The innermost states of a state value, by their ids in the chart. */
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

/** The id of the chart of an actor, if it has one. */
export function chartOf(ref: AnyActorRef): string | undefined {
  const { config } = (ref as { logic?: { config?: { id?: unknown } } }).logic ?? {};
  return typeof config?.id === 'string' ? config.id : undefined;
}

/** Whether an event has fields besides its type. */
export function hasMore(event: object): boolean {
  return Object.keys(event).length > 1;
}
