import type { Failure } from '../../util/failure.js';
import type { Session } from '../../protocol/session.js';
import { callUserFunction } from '../../util/user-function.js';
import type { Link, LinkMemory } from '../../transports/link.js';
import type { ConnectionEvent, DesiredState } from './connection-context.js';

/** What a session needs to continue over another link and in another process, except for the facts that the chart knows. */
export interface Continuation {
  /** Undefined when the link exported nothing. */
  readonly memory: LinkMemory | undefined;
  /** The highest request id that was used in the session. */
  readonly lastId: number;
}

/** A session as data, for another client that resumes it. */
export interface SessionExport extends Continuation {
  readonly session: Session;
  readonly desired: DesiredState;
}

/** What {@link SessionExports} needs from its surroundings. */
export interface SessionExportPorts {
  /** The part of an exported session with which this connection began. */
  readonly continuation: Continuation | undefined;
  /** The link that is open now. */
  readonly link: () => Link | undefined;
  /** The highest request id that was used. */
  readonly lastId: () => number;
  /** Calls `done` when the link has released everything. */
  readonly whenDrained: (done: () => void) => void;
  readonly send: (event: Extract<ConnectionEvent, { type: 'suspend' | 'resume.taken' | 'resume.refused' }>) => void;
  readonly report: (problem: Failure) => void;
}

/** Exports the session of this connection, and resumes a session that another client exported. */
export class SessionExports {
  readonly #ports: SessionExportPorts;
  #requests: ((outcome: SessionExport | Failure) => void)[] = [];

  constructor(ports: SessionExportPorts) {
    this.#ports = ports;
  }

  /** Requests an export. Resolves with it when the link has released everything, or with the reason why there is none. */
  request(): Promise<SessionExport | Failure> {
    return new Promise((resolve) => {
      this.#requests.push(resolve);
      this.#ports.send({ type: 'suspend' });
    });
  }

  resume(session: Session): void {
    const { continuation, link, send } = this.#ports;
    const memory = continuation?.memory;
    const taken = memory !== undefined && this.#call('resume', () => link()?.resume?.(session, memory)) === true;
    if (taken) send({ type: 'resume.taken', streamResumes: memory.lastEventId !== undefined });
    else send({ type: 'resume.refused' });
  }

  export(session: Session, desired: DesiredState): void {
    const { link, lastId, whenDrained } = this.#ports;
    const memory = this.#call('suspend', () => link()?.suspend?.());
    const sessionExport = { session, desired, memory, lastId: lastId() };
    for (const resolve of this.#requests.splice(0)) {
      whenDrained(() => {
        resolve(sessionExport);
      });
    }
  }

  refuse(why: Failure): void {
    for (const resolve of this.#requests.splice(0)) resolve(why);
  }

  /** Calls a method of the link and returns its result. A custom link may throw. */
  #call<Result>(method: string, call: () => Result): Result | undefined {
    let result: Result | undefined;
    callUserFunction(
      method,
      () => {
        result = call();
      },
      this.#ports.report,
    );
    return result;
  }
}
