import type { ActorRefLike, AnyActorRef, InspectionEvent } from 'xstate';

import type { ConnectionOptions } from '../machines/connection/connection-options.js';
import type { Tap, TapEvent } from '../machines/connection/link-tap.js';
import { Redaction } from '../diagnostics/redaction.js';
import type { InspectedConnection, InspectObserver, InspectTarget } from './options/inspect-option.js';

/** Limits of the copy of an event or a context. */
const LIMITS = { maxDepth: 20, maxNodes: 2_000, remember: 10_000 };

/** The observers of actors and links for the target of the option `inspect`. */
export function inspectionFor(
  target: InspectTarget | undefined,
  about: InspectedConnection,
): Pick<ConnectionOptions, 'inspect' | 'pooled' | 'tap'> {
  if (target === undefined) return {};
  const { hide } = about;
  const limits = { ...LIMITS, isSecret: hide && ((text: string): boolean => hide(text) !== text) };
  if (typeof target !== 'object' || !('inspect' in target))
    return { inspect: redactedInspector(target, new Redaction(limits)) };
  if (target.attach !== undefined) return target.attach(about);
  const { inspect, redact = true } = target;
  const tap = target.tap?.bind(target);
  if (!redact) return { inspect, tap };
  const redaction = new Redaction(limits);
  return { inspect: redactedInspector(inspect, redaction), tap: tap && redactedTap(tap, redaction) };
}

/** Wraps an inspector: it gets copies without secrets. */
function redactedInspector(inspect: InspectObserver, redaction: Redaction): (event: InspectionEvent) => unknown {
  const look = typeof inspect === 'function' ? inspect : inspect.next?.bind(inspect);
  if (look === undefined) return () => undefined;
  const copies = new EventCopies(redaction);
  return (event) => {
    // Returns the result, because it may be a promise that rejects.
    return look(copies.of(event));
  };
}

function redactedTap(tap: Tap, redaction: Redaction): Tap {
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
 * The copy of an actor for an inspector: its ids, parent, chart and last reported snapshot. There is one copy for each actor.
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
    // The chart is constant and contains no data of the program.
    this.logic = { config: (actor as { logic?: { config?: unknown } }).logic?.config };
    this._parent = parent;
    this.#snapshot = snapshot;
  }

  /** Reads the snapshot on demand, because XState reports an actor before it has one. */
  getSnapshot(): ShownSnapshot {
    return (this.#shown ??= this.#snapshot());
  }

  show(snapshot: ShownSnapshot): void {
    this.#shown = snapshot;
  }

  /** The JSON of XState's actors. */
  toJSON(): object {
    return { xstate$$type: 1, id: this.id };
  }
}

/**
 * Copies XState's inspection events: plain data of bounded size, with pseudonyms for secrets, that may leave the process. An inspector can
 * draw the same charts from them.
 */
class EventCopies {
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

/** The copy of a transition. */
interface ShownTransition {
  readonly eventType: string;
  readonly source: { readonly id: string };
  readonly target: readonly { readonly id: string }[] | undefined;
}

function shownTransition({ eventType, source, target }: ShownTransition): ShownTransition {
  return { eventType, source: { id: source.id }, target: target?.map(({ id }) => ({ id })) };
}
