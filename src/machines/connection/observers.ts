import type { InspectionEvent, Observer } from 'xstate';

import type { Environment } from '../../util/environment.js';
import type { Failure } from '../../util/failure.js';
import { notifyUserFunction } from '../../util/user-function.js';
import type { LinkListener, LinkNews, Tap, TapEvent } from './link-tap.js';

/** The observers of a connection. */
export interface Observers {
  /** Receives the XState inspection events of all actors of this connection. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void) | undefined;
  /** Whether `inspect` supports pooled actors: they are reused for requests, and their snapshots change in place. Default false. */
  readonly pooled?: boolean | undefined;
  /** Receives the events of all links. */
  readonly tap?: Tap | undefined;
  /** Receives the same events, before the tap. */
  readonly listener?: LinkListener | undefined;
}

/** The function that calls an inspector. Its exceptions are reported, because they would stop the inspected actor. */
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

/** The listener for the events of links, if there is one. Exceptions of a tap are reported, because they would end the link. */
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

/** Adds the time to an event. For messages, which are the most, each field is named: spreading takes ten times as long. */
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
