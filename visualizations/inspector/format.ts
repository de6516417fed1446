const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** `14:03:07.214` */
export function time(at: number): string {
  return `${clock.format(at)}.${String(Math.floor(at % 1_000)).padStart(3, '0')}`;
}

/** `03:07.214`, where the hour is plain from elsewhere. */
export function shortTime(at: number): string {
  return time(at).slice(-9);
}

/** `14:03:07` */
export function timeOfDay(at: number): string {
  return clock.format(at);
}

/** `0.4 ms`, `38 ms`, `1.2 s`, `3 min`. */
export function duration(milliseconds: number): string {
  const ms = Math.max(milliseconds, 0);
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** `12`, `1,204` */
export function count(number: number): string {
  return Math.round(number).toLocaleString('en');
}

/** XState's own names in words: `after backoff` for `xstate.after.backoff.connection.reconnecting`. */
export function eventName(type: string): string {
  if (type === 'xstate.init') return 'started';
  if (type === 'xstate.stop') return 'stopped';
  const [, after] = /^xstate\.after\.([^.]+)/.exec(type) ?? [];
  if (after !== undefined) return `after ${/^\d+$/.test(after) ? duration(Number(after)) : after}`;
  const [, kind, actor] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type) ?? [];
  if (actor !== undefined) return `${kind ?? ''}(${actor.replace(/^\d+\./, '')})`;
  return type;
}

/** The last part of it. */
export function leafName(id: string): string {
  return id.slice(id.lastIndexOf('.') + 1);
}

/** The colour of the state of a request: a good end, a bad end, an end that the user wanted, or waiting. */
export function toneOf(state: string): string {
  const leaf = leafName(state);
  if (leaf === 'succeeded') return 'good';
  if (/failed|lost|timedOut|error|dropped/i.test(leaf)) return 'bad';
  if (leaf === 'cancelled') return 'quiet';
  if (/queued|backingOff|resuming|answering|completing/.test(leaf)) return 'held';
  return 'busy';
}

/** Several states as one text. */
export function stateNames(states: readonly string[]): string {
  return states.map(leafName).join(', ');
}
