import type { InspectionEvent, Observer } from 'xstate';

import type { Environment } from '../../util/environment.js';
import type { Failure } from '../../util/failure.js';
import { notifyUserFunction } from '../../util/user-function.js';
import type { LinkListener, LinkNews, Tap, TapEvent } from './link-tap.js';

/** Those who look at a connection. */
export interface Observers {
  /** Hears every event and snapshot of every actor of this connection. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void) | undefined;
  /** Whether it can tell requests apart although their actors are used again and their snapshots change. Default false. */
  readonly pooled?: boolean | undefined;
  /** Hears of everything that goes over a link. */
  readonly tap?: Tap | undefined;
  /** Hears of it before. */
  readonly listener?: LinkListener | undefined;
}

/** What calls an inspector. One that throws would stop the actor that it looks at. */
export function inspectorOf(
  inspect: NonNullable<Observers['inspect']>,
  report: (problem: Failure) => void,
): (event: InspectionEvent) => void {
  const look = typeof inspect === 'function' ? inspect : inspect.next?.bind(inspect);
  if (look === undefined) return () => undefined;
  return (event) => {
    notifyUserFunction('inspect', look, event, report);
  };
}

/** What hears of everything that goes over a link, if anybody does. A tap that throws would end the link that it listens to. */
export function linkListenerOf(
  { tap, listener }: Observers,
  environment: Environment,
  report: (problem: Failure) => void,
): LinkListener | undefined {
  if (tap === undefined) return listener;
  return (news) => {
    listener?.(news);
    notifyUserFunction('tap', tap, timed(news, environment.now()), report);
  };
}

/** The same, and when. Of messages, which are the many, each field is named: a copy of whatever there is takes ten times as long. */
function timed(news: LinkNews, at: number): TapEvent {
  switch (news.type) {
    case 'message.in':
      return { type: news.type, message: news.message, about: news.about, epoch: news.epoch, at };
    case 'message.out':
      return { type: news.type, number: news.number, message: news.message, epoch: news.epoch, at };
    default:
      return { ...news, at };
  }
}
