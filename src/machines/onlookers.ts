import type { InspectionEvent, Observer } from 'xstate';

import type { Environment } from '../environment.js';
import type { Failure } from '../protocol/failure.js';
import { callUserFunction } from '../protocol/user-function.js';
import type { LinkListener, Tap } from './tap.js';

/** Those who look at a connection. */
export interface Onlookers {
  /** Hears every event and snapshot of every actor of this connection. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void) | undefined;
  /** Hears of everything that goes over a link. */
  readonly tap?: Tap | undefined;
  /** Hears of it before. */
  readonly listener?: LinkListener | undefined;
}

/** What calls an inspector. One that throws would stop the actor that it looks at. */
export function inspectorOf(
  inspect: NonNullable<Onlookers['inspect']>,
  report: (problem: Failure) => void,
): (event: InspectionEvent) => void {
  const look = typeof inspect === 'function' ? inspect : inspect.next?.bind(inspect);
  return (event) => {
    callUserFunction('inspect', () => look?.(event), report);
  };
}

/** What hears of everything that goes over a link, if anybody does. A tap that throws would end the link that it listens to. */
export function linkListenerOf(
  { tap, listener }: Onlookers,
  environment: Environment,
  report: (problem: Failure) => void,
): LinkListener | undefined {
  if (tap === undefined) return listener;
  return (news) => {
    listener?.(news);
    callUserFunction(
      'tap',
      () => {
        tap({ ...news, at: environment.now() });
      },
      report,
    );
  };
}
