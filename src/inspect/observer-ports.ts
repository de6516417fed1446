import type { Disclosure } from './disclosure.js';
import type { RecordedEvent } from './records.js';
import type { Traffic } from './traffic.js';

/** What an observer needs of the server. */
export interface ObserverPorts {
  readonly disclosure: Disclosure;
  now(): number;
  /** Numbers for actors, different for all clients. */
  nextActor(): number;
  /** Which part of what one client may have told falls to each while many are busy. */
  share(): number;
  tell(happening: RecordedEvent): void;
}

/** What the parts of an observer share. */
export interface ObserverShared extends ObserverPorts {
  readonly traffic: Traffic;
  /** Whether one more of the things that only may be told is told. If it is not, it is counted. */
  mayTell(): boolean;
}
