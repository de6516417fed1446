import type { Disclosure } from './disclosure.js';
import type { InspectedEvent } from './records.js';
import type { Traffic } from './traffic.js';

/** The effects of an observer. */
export interface ObserverPorts {
  readonly disclosure: Disclosure;
  now(): number;
  /** The next number of an actor, unique among all clients. */
  nextActor(): number;
  /** The part of the rate limits of one client that each client may use while many are busy. */
  share(): number;
  emit(event: InspectedEvent): void;
}

/** The state and effects that the parts of an observer share. */
export interface ObserverShared extends ObserverPorts {
  readonly traffic: Traffic;
  /** Whether one more optional record may be emitted. If not, it is counted. */
  mayEmit(): boolean;
}
