import type { ActorRefLike, AnyActorRef, InspectionEvent } from 'xstate';

import type { ConnectionOptions } from '../machines/connection/connection-options.js';
import type { Tap, TapEvent } from '../machines/connection/link-tap.js';
import { Redaction } from '../diagnostics/redaction.js';
import type { InspectedConnection, InspectObserver, InspectTarget } from './options/inspect-option.js';

/** How much of an event or a context an inspector sees. It is for people to look at. */
const LIMITS = { maxDepth: 20, maxNodes: 2_000, remember: 10_000 };

/** What a connection is to tell the target of the option `inspect`, about its actors and about its links. */
export function inspectionFor(
  target: InspectTarget | undefined,
  about: InspectedConnection,
): Pick<ConnectionOptions, 'inspect' | 'pooled' | 'tap'> {
  if (target === undefined) return {};
  const { hide } = about;
  const limits = { ...LIMITS, isSecret: hide && ((text: string): boolean => hide(text) !== text) };
  if (typeof target !== 'object' || !('inspect' in target)) return { inspect: discreet(target, new Redaction(limits)) };
  if (target.attach !== undefined) return target.attach(about);
  const { inspect, redact = true } = target;
  const tap = target.tap?.bind(target);
  if (!redact) return { inspect, tap };
  const redaction = new Redaction(limits);
  return { inspect: discreet(inspect, redaction), tap: tap && discreetTap(tap, redaction) };
}

/** An inspector that is shown copies without secrets. */
function discreet(inspect: InspectObserver, redaction: Redaction): (event: InspectionEvent) => unknown {
  const look = typeof inspect === 'function' ? inspect : inspect.next?.bind(inspect);
  if (look === undefined) return () => undefined;
  const copies = new Copies(redaction);
  return (event) => {
    // What it returns may be a promise that rejects.
    return look(copies.of(event));
  };
}

function discreetTap(tap: Tap, redaction: Redaction): Tap {
  return (event) => {
    return tap({
      ...event,
      ...('message' in event && { message: redaction.message(event.message) }),
      ...('failure' in event && { failure: redaction.failure(event.failure) }),
    } as TapEvent);
  };
}

/** A snapshot as plain data. */
interface ShownSnapshot {
  readonly status: unknown;
  readonly value: unknown;
  readonly context: unknown;
  readonly output: unknown;
  readonly error: unknown;
  readonly tags?: readonly string[];
}

/**
 * What an inspector sees instead of an actor: its names, its parents, its chart and how it was when it was last told of. It is made
 * when the actor first appears and is the same one each time.
 */
class ShownActor {
  readonly id: string;
  readonly sessionId: string;
  readonly logic: { readonly config: unknown };
  readonly _parent: ShownActor | undefined;
  readonly #snapshot: () => ShownSnapshot;
  #shown: ShownSnapshot | undefined;

  constructor(actor: AnyActorRef, parent: ShownActor | undefined, snapshot: () => ShownSnapshot) {
    const { id, sessionId } = actor;
    this.id = id;
    this.sessionId = sessionId;
    // A chart is the same in each program, and has nothing of this one in it.
    this.logic = { config: (actor as { logic?: { config?: unknown } }).logic?.config };
    this._parent = parent;
    this.#snapshot = snapshot;
  }

  /** An actor is announced before it has a snapshot; whoever asks then is told when it has one. */
  getSnapshot(): ShownSnapshot {
    return (this.#shown ??= this.#snapshot());
  }

  show(snapshot: ShownSnapshot): void {
    this.#shown = snapshot;
  }

  /** As actors of XState are written. */
  toJSON(): object {
    return { xstate$$type: 1, id: this.id };
  }
}

/**
 * Copies the events of XState's inspection so that they may be shown to others, also later and in other processes: plain data of a
 * bounded size in which secrets have pseudonyms, and with which the inspector draws the same charts.
 */
class Copies {
  readonly #redaction: Redaction;
  readonly #actors = new WeakMap<ActorRefLike, ShownActor>();

  constructor(redaction: Redaction) {
    this.#redaction = redaction;
  }

  of(event: InspectionEvent): unknown {
    const { type, rootId } = event;
    const actorRef = this.#actor(event.actorRef);
    const copy = { type, rootId, actorRef };
    switch (event.type) {
      case '@xstate.actor':
        return copy;
      case '@xstate.event':
        return {
          ...copy,
          sourceRef: event.sourceRef && this.#actor(event.sourceRef),
          event: this.#redaction.internal(event.event),
        };
      case '@xstate.action':
        return {
          ...copy,
          action: { type: event.action.type, params: this.#redaction.internal(event.action.params) },
        };
      case '@xstate.microstep':
        return { ...copy, ...this.#step(event), _transitions: event._transitions.map(shownTransition) };
      case '@xstate.snapshot': {
        const step = this.#step(event);
        actorRef.show(step.snapshot);
        return { ...copy, ...step };
      }
      case '@xstate.transition':
        return { ...copy, ...this.#step(event) };
    }
  }

  #step({ event, snapshot }: { event: unknown; snapshot: unknown }): { event: unknown; snapshot: ShownSnapshot } {
    return { event: this.#redaction.internal(event), snapshot: this.#snapshot(snapshot) };
  }

  #actor(actor: ActorRefLike): ShownActor {
    const known = this.#actors.get(actor);
    if (known !== undefined) return known;
    const ref = actor as AnyActorRef;
    const parent = ref._parent && this.#actor(ref._parent);
    const shown = new ShownActor(ref, parent, () => this.#snapshot(ref.getSnapshot()));
    this.#actors.set(actor, shown);
    return shown;
  }

  #snapshot(snapshot: unknown): ShownSnapshot {
    const { status, value, context, output, error, tags } = snapshot as Record<keyof ShownSnapshot, unknown>;
    return {
      status,
      value,
      context: this.#redaction.internal(context),
      output: this.#redaction.internal(output),
      error: this.#redaction.failure(error),
      ...(tags !== undefined && { tags: [...(tags as Iterable<string>)] }),
    };
  }
}

/** What is shown of a transition: which way a machine went. */
interface ShownTransition {
  readonly eventType: string;
  readonly source: { readonly id: string };
  readonly target: readonly { readonly id: string }[] | undefined;
}

function shownTransition({ eventType, source, target }: ShownTransition): ShownTransition {
  return { eventType, source: { id: source.id }, target: target?.map(({ id }) => ({ id })) };
}
