/** The kind of trigger of a transition, which is shown by colour. */
export type EventKind = 'event' | 'after' | 'done' | 'error' | 'snapshot' | 'always';

/**
 * A readable name of an event. XState's internal names contain ids: `xstate.done.actor.0.connection.opening` is `done(openLink)`.
 *
 * @param source the id of the state that has the transition
 * @param actors names of invoked actors by their ids
 */
export function nameOfEvent(
  type: string,
  source: string,
  actors: ReadonlyMap<string, string>,
): { kind: EventKind; event: string } {
  if (type === '') return { kind: 'always', event: 'always' };
  if (type === '*') return { kind: 'event', event: 'any other event' };
  const after = cut(type, 'xstate.after.');
  if (after !== undefined) {
    const delay = after.endsWith(`.${source}`) ? after.slice(0, -source.length - 1) : after;
    return { kind: 'after', event: `after ${/^\d+$/.test(delay) ? duration(Number(delay)) : delay}` };
  }
  const state = cut(type, 'xstate.done.state.');
  if (state !== undefined) return { kind: 'done', event: `done(${lastPart(state)})` };
  for (const [kind, prefix] of actorEvents) {
    const actor = cut(type, prefix);
    if (actor !== undefined) return { kind, event: `${kind}(${actors.get(actor) ?? actor})` };
  }
  return { kind: 'event', event: type };
}

const actorEvents = [
  ['done', 'xstate.done.actor.'],
  ['error', 'xstate.error.actor.'],
  ['snapshot', 'xstate.snapshot.'],
] as const;

/** The name of an action, with its static parameters: `setState(ready)`. */
export function nameOfAction(action: unknown): string {
  if (typeof action === 'function') return nameOfFunction(action, 'inline action');
  return nameWithParams(action, 'unnamed action');
}

/** The name of a guard, or the expression of a combined one: `isOpen and not (isBusy or isOld)`. */
export function nameOfGuard(guard: unknown): string {
  return typeof guard === 'function' ? nameOfGuardFunction(guard) : nameWithParams(guard, 'unnamed guard');
}

/** The name of an actor's logic in `setup()`. */
export function nameOfActor(source: unknown): string {
  return typeof source === 'string' && !source.startsWith('xstate.invoke.') ? source : 'inline actor';
}

function nameOfGuardFunction(guard: object): string {
  const operator = 'name' in guard ? guard.name : '';
  if ('stateValue' in guard) return `in ${stateValueText(guard.stateValue)}`;
  if (!('guards' in guard) || !Array.isArray(guard.guards)) return nameOfFunction(guard, 'inline guard');
  const parts = guard.guards.map((part: unknown) => {
    const name = nameOfGuard(part);
    return / (and|or) /.test(name) ? `(${name})` : name;
  });
  return operator === 'not' ? `not ${parts.join(' ')}` : parts.join(` ${String(operator)} `);
}

function stateValueText(value: unknown): string {
  if (typeof value === 'string') return value.replace(/^#/, '');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, child]) => `${key}.${stateValueText(child)}`)
    .join(' and ');
}

/** XState's action creators return functions with a type, such as `xstate.assign`. */
function nameOfFunction(value: object, otherwise: string): string {
  if ('type' in value && typeof value.type === 'string') {
    const type = cut(value.type, 'xstate.') ?? value.type;
    const event = 'event' in value && isTyped(value.event) ? value.event.type : undefined;
    return event === undefined ? type : `${type}(${event})`;
  }
  return 'name' in value && typeof value.name === 'string' && value.name !== '' ? value.name : otherwise;
}

function nameWithParams(value: unknown, otherwise: string): string {
  if (typeof value === 'string') return value;
  if (!isTyped(value)) return otherwise;
  if (!('params' in value) || typeof value.params !== 'object' || value.params === null) return value.type;
  const params = Object.values(value.params).filter((param) => ['string', 'number', 'boolean'].includes(typeof param));
  return params.length === 0 ? value.type : `${value.type}(${params.join(', ')})`;
}

function isTyped(value: unknown): value is { type: string } {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function duration(milliseconds: number): string {
  return milliseconds >= 1_000 && milliseconds % 100 === 0 ? `${milliseconds / 1_000} s` : `${milliseconds} ms`;
}

function lastPart(id: string): string {
  return id.slice(id.lastIndexOf('.') + 1);
}

function cut(text: string, prefix: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}
