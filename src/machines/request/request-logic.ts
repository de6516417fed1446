import type { ActorLogic, ActorSystem, ActorSystemInfo, EventObject } from 'xstate';

import { compileChart, stepFor } from '../../compiled-chart.js';
import { RequestActions } from './request-actions.js';
import type { RequestEffects } from './request-actions.js';
import { CHANGES, GUARDS, requestMachine } from './request-machine.js';
import type { RequestEffectName, RequestEvent, RequestEventData } from './request-machine.js';
import type { RequestRecord, RequestSnapshot, RequestStep } from './request-record.js';

/** The logic of a request actor: it runs the compiled chart of a request over a record. */
export type RequestLogic = ActorLogic<
  RequestSnapshot,
  RequestEvent,
  RequestRecord,
  ActorSystem<ActorSystemInfo>,
  EventObject
> & {
  /** For inspectors, which draw a chart from it. */
  readonly config: unknown;
};

/** Compiles the chart with the functions that carry out its effects. The logic calls them as methods of its `effects`. */
export function compileRequest(effects: RequestEffects): RequestStep {
  const actions: Record<string, RequestEffects[RequestEffectName]> = { ...CHANGES };
  for (const name of Object.keys(requestMachine.implementations.actions))
    actions[name] ??= effects[name as RequestEffectName];
  return compileChart<RequestRecord, RequestEventData>(requestMachine, { guards: GUARDS, actions });
}

/** The step to the initial state, for all connections: its actions are the methods themselves, which are bound to no object. */
const START = compileRequest(RequestActions.prototype);

/**
 * Makes the logic that request actors run. `ended` is called after the last action of a request and returns whether its actor lives on.
 *
 * A pooled actor lives on for as long as there is room for it: its snapshot object is always the same, and its value walks the states of the
 * chart, life after life. Otherwise each actor is a request of its own that ends when the request does, with a fresh snapshot at each step, as
 * inspectors expect.
 */
export function createRequestLogic(
  effects: RequestEffects,
  pooled: boolean,
  ended: (record: RequestRecord) => boolean,
  start: RequestStep = START,
): RequestLogic {
  return {
    config: requestMachine.config,
    getInitialSnapshot: (_scope, record) => {
      record.snapshot.value = start.target;
      return record.snapshot;
    },
    transition: (snapshot, event) => {
      const record = snapshot.context;
      const step = stepFor<RequestRecord, RequestEventData>(record.at ?? start, record, event);
      if (step === undefined) return snapshot;
      const { target, final, actions } = step;
      const next = pooled ? snapshot : { ...snapshot };
      next.value = target;
      record.at = step;
      record.snapshot = next;
      for (let at = 0; at < actions.length; at += 1) actions[at]?.call(effects, record, event);
      if (final && !ended(record)) next.status = 'done';
      return next;
    },
    getPersistedSnapshot: (snapshot) => ({ status: snapshot.status, output: undefined, error: undefined }),
  };
}
