import type { ActorLogic, ActorSystem, ActorSystemInfo, EventObject } from 'xstate';

import { compileChart, initialState } from './compiled-chart.js';
import type { Implementations } from './compiled-chart.js';
import { mayBeRefused, mayRepeat, requestMachine } from './request-machine.js';
import type { RequestEvent, RequestNews } from './request-machine.js';
import type { RequestEffects, RequestRecord, RequestSnapshot } from './request-record.js';

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

/** The action of the chart that is nothing but an effect. */
function effect(name: keyof RequestEffects): (record: RequestRecord, event: RequestNews) => void {
  return (record, event) => {
    record.effects[name](record, event);
  };
}

/** What the names in the chart stand for. A record knows its effects, so that all connections share one table. */
const IMPLEMENTATIONS: Implementations<RequestRecord, RequestNews> = {
  guards: {
    mayRepeat,
    firstRefusal: (record) => record.refusals === 0,
    mayBeRefused,
  },
  actions: {
    enqueue: effect('enqueue'),
    dequeue: effect('dequeue'),
    write: (record, event) => {
      record.attempts += 1;
      record.effects.write(record, event);
    },
    uncount: (record) => {
      record.attempts -= 1;
    },
    countRefusal: (record) => {
      record.refusals += 1;
    },
    withdraw: effect('withdraw'),
    extendDeadline: effect('extendDeadline'),
    holdDeadline: effect('holdDeadline'),
    releaseDeadline: effect('releaseDeadline'),
    reportProgress: effect('reportProgress'),
    setWake: effect('setWake'),
    clearWake: effect('clearWake'),
    beginRound: (record) => {
      record.beginRound();
    },
    ask: effect('ask'),
    dismiss: effect('dismiss'),
    takeInput: effect('takeInput'),
    tellPeer: effect('tellPeer'),
    succeed: effect('succeed'),
    fail: effect('fail'),
    cancel: effect('cancel'),
    timeOut: effect('timeOut'),
    loseAnswer: effect('loseAnswer'),
  },
};

const TABLE = compileChart(requestMachine, IMPLEMENTATIONS);
const START = initialState(requestMachine);

/**
 * Makes the logic that request actors run. `ended` is called after the last action of a request and says whether its actor lives on.
 *
 * A pooled actor lives on for as long as there is room for it: its snapshot object is one and the same and its value walks the states
 * of the chart, life after life. Otherwise each actor is a request of its own that ends when the request does, with a fresh snapshot at
 * each step, as inspectors expect.
 */
export function createRequestLogic(
  effects: RequestEffects,
  pooled: boolean,
  ended: (record: RequestRecord) => boolean,
): RequestLogic {
  return {
    config: requestMachine.config,
    getInitialSnapshot: (_scope, record) => {
      record.effects = effects;
      record.snapshot.value = START;
      return record.snapshot;
    },
    transition: (snapshot, event) => {
      const candidates = TABLE[snapshot.value]?.[event.type];
      if (candidates === undefined) return snapshot;
      const record = snapshot.context;
      for (const { guard, target, final, actions } of candidates) {
        if (guard !== undefined && !guard(record, event)) continue;
        const next = pooled ? snapshot : { ...snapshot };
        next.value = target;
        record.snapshot = next;
        for (const action of actions) action(record, event);
        if (final && !ended(record)) next.status = 'done';
        return next;
      }
      return snapshot;
    },
    getPersistedSnapshot: (snapshot) => ({ status: snapshot.status, output: undefined, error: undefined }),
  };
}
