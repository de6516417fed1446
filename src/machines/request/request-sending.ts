import type { Environment } from '../../util/environment.js';
import type { BackoffPolicy } from '../../util/retry-policy.js';
import { toTransportFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { FrameLog } from '../../diagnostics/frame-log.js';
import { withInput } from '../../protocol/server-requests/input-required.js';
import type { JSONRPCRequest } from '../../protocol/messages/json-rpc.js';
import { withMeta } from '../../protocol/request-meta.js';
import type { SessionMeta } from '../../protocol/request-meta.js';
import type { Session } from '../../protocol/session.js';
import type { Link } from '../../transports/link.js';
import type { Framing } from '../../transports/transport.js';
import type { IdRing } from './id-ring.js';
import { sendOver } from '../connection/link-actor.js';
import { carriesProgressToken } from './request-spec.js';
import type { RequestRecord } from './request-record.js';
import { judgeSendFailure } from './send-failure.js';
import { detached, endTogether, SharedRequests } from './shared-requests.js';

/** What is needed to send requests. */
export interface SendingPorts {
  readonly environment: Environment;
  /** Gives them their ids. */
  readonly ring: IdRing;
  readonly frames: FrameLog;
  /** Calls a function of the user, such as one of a link; what it throws is reported and goes no further. */
  readonly callUser: (purpose: string, fn: () => unknown) => void;
  /** How messages share the link that is open. */
  readonly framing: () => Framing;
  /** How long a request waits for a server that cannot be reached for a moment; undefined when it does not. */
  readonly reconnect: BackoffPolicy | undefined;
  /** Called when several exchanges in a row got no response at all. */
  readonly unreachable: (failure: Failure) => void;
  readonly session: () => Session | undefined;
  /** Whether requests may be sent now. */
  readonly flowing: () => boolean;
  /** Sends those that wait. */
  readonly flush: () => void;
}

/** Exchanges without a response in a row after which the server counts as unreachable. */
const UNREACHABLE_ALLOWED = 3;

const UNSENT = { type: 'unsent' } as const;

/** The way of requests to the server: writes them to the link that is open, and tells each what becomes of that before it is answered. */
export class RequestSending {
  readonly #ports: SendingPorts;
  readonly #shared: SharedRequests;
  #link: Link | undefined;
  /** Goes with every request but those of the connection itself. */
  meta: SessionMeta;
  /** The time at which requests are being sent: read once for all that are sent together. */
  at = 0;
  /** Exchanges in a row that got no response. */
  #unreachable = 0;
  /** The last request that was sent before the last of them failed: what was in flight then failed for the same reason. */
  #sentBefore = 0;

  constructor(ports: SendingPorts) {
    this.#ports = ports;
    this.#shared = new SharedRequests(ports.ring);
  }

  /** Takes the link that requests are written to; undefined when there is none any more. */
  useLink(link: Link | undefined): void {
    this.#link = link;
    this.#unreachable = 0;
  }

  /** Whether there is a link. */
  get linked(): boolean {
    return this.#link !== undefined;
  }

  /** A message was received: the server can be reached. */
  heard(): void {
    this.#unreachable = 0;
  }

  write(record: RequestRecord): void {
    const { ring, frames } = this.#ports;
    const { method, params, direct, headers } = record.spec;
    if (record.spec.sharing !== undefined && this.#shared.join(record)) return;
    const id = ring.add(record);
    record.sentAt = this.at;
    frames.asked(method, id, this.at);
    const { input } = record;
    const asked = input === undefined ? params : withInput(params, input);
    const sent = withMeta(asked, direct ? undefined : this.meta, carriesProgressToken(record.spec) ? id : undefined);
    const message: JSONRPCRequest =
      sent === undefined ? { jsonrpc: '2.0', id, method } : { jsonrpc: '2.0', id, method, params: sent };
    const pending = sendOver(this.#link, message, headers === undefined ? undefined : { headers });
    if (pending !== undefined) this.#watch(record, pending);
  }

  #watch({ id, spec: { method, onNotice } }: RequestRecord, pending: Promise<void>): void {
    const { environment, ring, frames } = this.#ports;
    const link = this.#link;
    pending.catch((thrown: unknown) => {
      const why = toTransportFailure(thrown);
      const { last } = ring;
      frames.add('undelivered', method, environment.now(), id, why.errorCode);
      const waiting = ring.get(id);
      if (waiting !== undefined) this.#failed(waiting, why);
      // The exchanges of an earlier link say nothing about the server now, and a stream in the background has a chart of its own.
      if (this.#link === link && onNotice === undefined) this.#countUnreachable(why, id, last);
    });
  }

  #failed(record: RequestRecord, why: Failure): void {
    const { environment, framing, reconnect, flowing, flush } = this.#ports;
    for (const one of detached(record)) {
      const { spec, attempts, refusals, deadline } = one;
      const { direct, repeatable } = spec;
      one.actor.send(
        judgeSendFailure(why, {
          ...{ framing: framing(), direct, repeatable, attempts, refusals, reconnect },
          timeLeft: deadline - environment.now(),
          random: environment.random(),
        }),
      );
    }
    // Where each request has an exchange of its own, one that goes back to the queue does not have to wait for a link.
    if (flowing() && framing() === 'per-request') flush();
  }

  /**
   * Counts exchanges that got no response. Any other failure belongs to its request.
   * @param last the id of the last request that was sent before this one failed
   */
  #countUnreachable(why: Failure, id: number, last: number): void {
    if (!this.#ports.flowing() || this.#ports.framing() === 'shared') return;
    if (why.code === 'MCP_HTTP_STATUS') this.#unreachable = 0;
    if (why.code !== 'MCP_TRANSPORT_FAILED' || id <= this.#sentBefore) return;
    this.#sentBefore = last;
    this.#unreachable += 1;
    if (this.#unreachable < UNREACHABLE_ALLOWED) return;
    this.#unreachable = 0;
    this.#ports.unreachable(why);
  }

  /** Before a request is given up: one in flight of which no byte has left becomes one that waits to be sent. Whether it was such a one. */
  cancelUnsent(record: RequestRecord): boolean {
    const { id } = record;
    if (this.#ports.ring.get(id) !== record || !this.#recalled(id)) return false;
    endTogether(record, UNSENT);
    return true;
  }

  #recalled(id: number): boolean {
    const link = this.#link;
    if (link?.cancelUnsent === undefined) return false;
    let recalled: unknown;
    this.#ports.callUser('cancelUnsent', () => {
      recalled = link.cancelUnsent?.(id);
    });
    return recalled === true;
  }

  /** Forgets what is in flight. */
  clear(): void {
    this.#ports.ring.clear();
    this.#shared.clear();
  }

  /** It is not in flight any more. */
  withdraw(record: RequestRecord): void {
    if (record.spec.sharing === undefined) this.#ports.ring.remove(record);
    else this.#shared.leave(record);
  }

  /** Nobody waits for the answer to a request any longer. */
  tellPeer({ id, spec, leader }: RequestRecord, reason: string): void {
    const link = this.#link;
    const { environment, ring, frames, framing, session } = this.#ports;
    // Others still wait for the response.
    if (link === undefined || leader !== undefined || ring.get(id) !== undefined) return;
    // In the modern era closing the exchange is how one cancels where each request has one. 2026-07-28 basic/patterns/cancellation.
    const closingTells = session()?.era === 'modern' && framing() === 'per-request';
    if (!spec.quiet && !closingTells) {
      const params = { requestId: id, reason };
      const method = 'notifications/cancelled';
      frames.add('notification', method, environment.now());
      const pending = sendOver(link, { jsonrpc: '2.0', method, params });
      // The caller has its outcome; a link that cannot carry the news is on its way out and says so itself.
      pending?.catch(() => undefined);
    }
    if (link.abandon === undefined) return;
    this.#ports.callUser('abandon', () => link.abandon?.(id));
  }
}
