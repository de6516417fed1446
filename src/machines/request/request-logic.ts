import type { ActorLogic, ActorSystem, ActorSystemInfo, EventObject } from 'xstate';

import { compileChart, initialState } from '../../compiled-chart.js';
import type { ChartTable } from '../../compiled-chart.js';
import { RequestActions } from './request-actions.js';
import type { RequestEffects } from './request-actions.js';
import { CHANGES, GUARDS, requestMachine } from './request-machine.js';
import type { RequestEffectName, RequestEvent, RequestEventData } from './request-machine.js';
import type { RequestRecord, RequestSnapshot } from './request-record.js';

/** The logic of a request actor: it runs the table of the request chart over a record. */
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

type RequestTable = ChartTable<RequestRecord, RequestEventData>;

/** Compiles the chart with the functions that carry out its effects. The logic calls them as methods of its `effects`. */
export function requestTable(effects: RequestEffects): RequestTable {
  const actions: Record<string, RequestEffects[RequestEffectName]> = { ...CHANGES };
  for (const name of Object.keys(requestMachine.implementations.actions))
    actions[name] ??= effects[name as RequestEffectName];
  return compileChart<RequestRecord, RequestEventData>(requestMachine, { guards: GUARDS, actions });
}

/** One table for all connections: it has the methods themselves, which are bound to no object. */
const TABLE = requestTable(RequestActions.prototype);
const START = initialState(requestMachine);

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
  table: RequestTable = TABLE,
): RequestLogic {
  return {
    config: requestMachine.config,
    getInitialSnapshot: (_scope, record) => {
      record.snapshot.value = START;
      return record.snapshot;
    },
    transition: (snapshot, event) => {
      const candidates = table[snapshot.value]?.[event.type];
      if (candidates === undefined) return snapshot;
      const record = snapshot.context;
      for (const { guard, target, final, actions } of candidates) {
        if (guard !== undefined && !guard(record, event)) continue;
        const next = pooled ? snapshot : { ...snapshot };
        next.value = target;
        record.snapshot = next;
        for (const action of actions) action.call(effects, record, event);
        if (final && !ended(record)) next.status = 'done';
        return next;
      }
      return snapshot;
    },
    getPersistedSnapshot: (snapshot) => ({ status: snapshot.status, output: undefined, error: undefined }),
  };
}
