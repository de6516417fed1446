import { and, enqueueActions } from 'xstate';
import type { AnyStateMachine } from 'xstate';

import type { Implementations } from '../../../src/compiled-chart.js';
import type { SystemPorts } from '../../../src/machines/system-ports.js';

/** When a fuse blows: before one use of what it protects, after it, or before each use from that one on. */
export type Blow = 'before' | 'after' | 'always';

/** What a blown fuse throws. */
export class Blown extends Error {}

/** Makes one named part of the charts throw at a time: an action, a guard, a delay, or what the charts do to the world. */
export class Fuses {
  /** Everything that can be made to throw, as `chart.kind.name`. */
  readonly names: string[] = [];
  /** How often each was reached since one was lit. */
  readonly used = new Map<string, number>();
  #lit: string | undefined;
  #blow: Blow = 'before';
  #at = 1;
  #lighted = false;
  /** How often the part that is to throw has thrown. */
  blown = 0;

  /** This part is to throw at its first use from now on, or at a later one. */
  light(name: string, blow: Blow, at = 1): void {
    this.#lit = name;
    this.#at = at;
    this.#blow = blow;
    this.blown = 0;
    this.used.clear();
    this.#lighted = true;
  }

  /** Nothing is to throw any more. */
  putOut(): void {
    this.#lit = undefined;
    this.#lighted = false;
  }

  #check(name: string, moment: 'before' | 'after'): void {
    const uses = (this.used.get(name) ?? 0) + (moment === 'before' ? 1 : 0);
    if (this.#lighted) this.used.set(name, uses);
    if (name !== this.#lit || uses < this.#at) return;
    if (moment !== (this.#blow === 'after' ? 'after' : 'before') || (this.blown > 0 && this.#blow !== 'always')) return;
    this.blown += 1;
    throw new Blown(`${name} threw`);
  }

  #around<Args extends unknown[], Result>(
    name: string,
    original: (...args: Args) => Result,
  ): (...args: Args) => Result {
    const check = (moment: 'before' | 'after'): void => {
      this.#check(name, moment);
    };
    return function (this: unknown, ...args) {
      check('before');
      const result = original.apply(this, args);
      check('after');
      return result;
    };
  }

  /** Puts a fuse before everything that a chart names. */
  protectChart(machine: AnyStateMachine): void {
    const { actions, guards, delays } = machine.implementations as unknown as Record<string, Record<string, unknown>>;
    for (const [name, original] of Object.entries(actions ?? {})) {
      const full = this.#named(machine.id, 'action', name);
      (actions as Record<string, unknown>)[name] = enqueueActions(({ enqueue }) => {
        this.#check(full, 'before');
        enqueue(original as never);
        enqueue(() => {
          this.#check(full, 'after');
        });
      });
    }
    for (const [name, original] of Object.entries(guards ?? {})) {
      const full = this.#named(machine.id, 'guard', name);
      const check = (): boolean => {
        this.#check(full, 'before');
        this.#check(full, 'after');
        return true;
      };
      (guards as Record<string, unknown>)[name] = and([check, original as never]);
    }
    for (const [name, original] of Object.entries(delays ?? {})) {
      const full = this.#named(machine.id, 'delay', name);
      const read = typeof original === 'function' ? (original as (args: unknown) => unknown) : () => original;
      (delays as Record<string, unknown>)[name] = this.#around(full, read);
    }
  }

  /** The same for a compiled chart. */
  protectCompiled<Subject, Event>(
    { id }: AnyStateMachine,
    implementations: Implementations<Subject, Event>,
  ): Implementations<Subject, Event> {
    const protect = <Fn extends (subject: Subject, event: Event) => unknown>(
      kind: string,
      all: Readonly<Record<string, Fn>>,
    ) =>
      Object.fromEntries(
        Object.entries(all).map(([name, fn]) => [name, this.#around(this.#named(id, kind, name), fn)]),
      );
    return {
      guards: protect('guard', implementations.guards) as Implementations<Subject, Event>['guards'],
      actions: protect('action', implementations.actions),
    };
  }

  /** Puts a fuse before everything that the actors of a chart do to the world. */
  protectPorts<Ports extends object>(chart: string, ports: SystemPorts<Ports>, idle: Ports): void {
    const fuses = new Map(Object.keys(idle).map((name) => [name, this.#named(chart, 'port', name)]));
    const provide = ports.provide.bind(ports);
    ports.provide = (system, given) => {
      const protect = (target: Ports, name: string): unknown => {
        const value: unknown = Reflect.get(target, name);
        const full = fuses.get(name);
        if (full === undefined) return value;
        if (typeof value !== 'function') return this.#around(full, () => value)();
        return this.#around(full, value.bind(target) as () => unknown);
      };
      provide(system, new Proxy(given, { get: (target, name) => protect(target, name as string) }));
    };
  }

  #named(chart: string, kind: string, name: string): string {
    const full = `${chart}.${kind}.${name}`;
    this.names.push(full);
    return full;
  }
}
