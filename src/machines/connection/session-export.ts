import type { Failure } from '../../util/failure.js';
import type { Session } from '../../protocol/session.js';
import { callUserFunction } from '../../util/user-function.js';
import type { Link, LinkMemory } from '../../transports/link.js';
import type { ConnectionEvent, DesiredState } from './connection-context.js';
import type { ConnectionPorts } from './connection-ports.js';

/** What a session needs to go on over another link and in another process. The chart decides nothing by it. */
export interface Continuation {
  /** Undefined when the link of that time had nothing to say. */
  readonly memory: LinkMemory | undefined;
  /** Ids of requests above this one were not used in the session. */
  readonly lastId: number;
}

/** A session that is left for another client to go on with. */
export interface SessionExport extends Continuation {
  readonly session: Session;
  readonly desired: DesiredState;
}

/** What handing over needs from its surroundings. */
export interface SessionExportPorts {
  /** What was left behind for this connection. */
  readonly continuation: Continuation | undefined;
  /** The link that is open now. */
  readonly link: () => Link | undefined;
  /** The highest id of a request that was used. */
  readonly lastId: () => number;
  /** Calls `done` when nothing is left of the link. */
  readonly whenDrained: (done: () => void) => void;
  readonly tell: (event: Extract<ConnectionEvent, { type: 'suspend' | 'resume.taken' | 'resume.refused' }>) => void;
  readonly report: (problem: Failure) => void;
}

/** Takes up what another client left behind, and leaves behind what another is to go on with. */
export class SessionExports implements Pick<ConnectionPorts, 'takeUp' | 'exportSession' | 'refuseHandOver'> {
  readonly #surroundings: SessionExportPorts;
  #asking: ((outcome: SessionExport | Failure) => void)[] = [];

  constructor(surroundings: SessionExportPorts) {
    this.#surroundings = surroundings;
  }

  /** Asks for the session. Resolves with it when nothing is left of the link, or with the reason for which there is none. */
  ask(): Promise<SessionExport | Failure> {
    return new Promise((resolve) => {
      this.#asking.push(resolve);
      this.#surroundings.tell({ type: 'suspend' });
    });
  }

  takeUp(session: Session): void {
    const { continuation, link, tell } = this.#surroundings;
    const memory = continuation?.memory;
    const taken = memory !== undefined && this.#ask('resume', () => link()?.resume?.(session, memory)) === true;
    tell({ type: taken ? 'resume.taken' : 'resume.refused' });
  }

  exportSession(session: Session, desired: DesiredState): void {
    const { link, lastId, whenDrained } = this.#surroundings;
    const memory = this.#ask('suspend', () => link()?.suspend?.());
    const sessionExport = { session, desired, memory, lastId: lastId() };
    for (const resolve of this.#asking.splice(0)) {
      whenDrained(() => {
        resolve(sessionExport);
      });
    }
  }

  refuseHandOver(why: Failure): void {
    for (const resolve of this.#asking.splice(0)) resolve(why);
  }

  /** What a link answers; a link of a user may throw. */
  #ask<Answer>(what: string, question: () => Answer): Answer | undefined {
    let answer: Answer | undefined;
    callUserFunction(
      what,
      () => {
        answer = question();
      },
      this.#surroundings.report,
    );
    return answer;
  }
}
