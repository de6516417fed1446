import type { Delivery } from '../util/failure.js';
import type { Failure, FailureCode } from '../util/failure.js';
import type { JSONRPCMessage, Params, RequestId } from '../protocol/messages/json-rpc.js';
import type { HandlerResponse } from '../protocol/server-requests/server-requests.js';
import type { ClientIdentity } from '../protocol/session.js';
import type { Framing } from '../transports/transport.js';
import type { ConnectionInput, ConnectionState, ConnectionWish } from '../machines/connection/connection-context.js';
import type { SignalMark } from './signal-watch.js';
import type { LinkNews } from '../machines/connection/link-tap.js';

/** The first line of a recording: all options of the connection, so that a replay can create it again. */
export interface RecordingHeader extends ConnectionInput {
  readonly format: 'mcp-actors-recording';
  readonly version: 2;
  /** The package that wrote the recording, as `name@version`. */
  readonly by: string;
  /** Whether pseudonyms replace the content. */
  readonly redacted: boolean;
  readonly transport: { readonly type: string; readonly framing: Framing };
  readonly identity: ClientIdentity;
  readonly maxQueued: number;
  /** The last request id that the resumed session has used; 0 in a new session. */
  readonly lastId: number;
  /** How many times a server may respond with `input_required` to one request. Missing in recordings of earlier versions of the package. */
  readonly maxInputRounds?: number | undefined;
  /** How many replies to server requests may wait to be written. Missing in recordings of earlier versions of the package. */
  readonly maxPendingReplies?: number | undefined;
  /** How many handlers may run at once; undefined if the client has no handlers. */
  readonly maxServerRequests?: number | undefined;
}

/** The outcome of a call, without texts, because these may contain text of the server. */
export type RecordedOutcome =
  | { readonly ok: true }
  | { readonly aborted: true }
  | { readonly code: FailureCode; readonly delivery?: Delivery; readonly errorCode?: number };

/** A call of the user. Calls with an outcome are numbered in `call`. */
export type RecordedCall =
  | ({ readonly type: 'connect' | 'join' | 'probe'; readonly call: number; readonly timeout: number } & SignalMark)
  | ({
      readonly type: 'submit';
      readonly call: number;
      readonly method: string;
      readonly params?: Params;
      readonly headers?: Readonly<Record<string, string>>;
      readonly timeout: number;
      readonly since?: number;
      readonly totalDeadline: number;
      readonly maxTotalTimeout?: number;
      readonly repeatable: boolean;
      readonly failFast: boolean;
      readonly sharing?: readonly number[];
      /** The result is not validated. */
      readonly unchecked?: true;
      /** The caller gave an `onProgress`. */
      readonly progress: boolean;
    } & SignalMark)
  | ({
      readonly type: 'watch';
      readonly call: number;
      readonly uri: string;
      readonly timeout: number;
      readonly deadline: number;
    } & SignalMark)
  | { readonly type: 'unwatch'; readonly uri: string }
  | { readonly type: 'send'; readonly call: number; readonly message: JSONRPCMessage }
  | { readonly type: 'disconnect' | 'suspend'; readonly call: number }
  | { readonly type: 'event'; readonly event: ConnectionWish }
  | { readonly type: 'abort'; readonly signal: number };

/** An input from the environment, the transport or a handler. Timers, links and releases are numbered in the order of their requests. */
export type RecordedInput =
  | { readonly type: 'timer.fired'; readonly timer: number }
  | { readonly type: 'random'; readonly value: number }
  /** Whether the link continues the exported session. */
  | { readonly type: 'resumed'; readonly taken: boolean }
  /** The link cancelled this request before it wrote a byte of it. */
  | { readonly type: 'unsent'; readonly requestId: RequestId }
  /** The connection read the clock outside of any recorded event. */
  | { readonly type: 'clock' }
  /** The transport was in use by another connection. */
  | { readonly type: 'refused' }
  /** The result of an attempt to open a link. */
  | { readonly type: 'link.ready'; readonly opening: number; readonly framing: Framing }
  | { readonly type: 'link.failed'; readonly opening: number; readonly failure: Failure }
  /** A link is closed completely. */
  | { readonly type: 'link.released'; readonly release: number }
  /** The result of a handler, or its failure. */
  | { readonly type: 'handler.responded'; readonly handler: number; readonly answer: HandlerResponse }
  /** The handler of a withdrawn server request has settled. */
  | { readonly type: 'handler.settled'; readonly handler: number };

/** An output of the connection, other than messages. */
export type RecordedOutput =
  | { readonly type: 'state'; readonly state: ConnectionState; readonly from: ConnectionState }
  /** The state of the chart after each event. */
  | { readonly type: 'path'; readonly path: string }
  /** This turn ran its `process.nextTick` callbacks before its microtasks, so it did not begin with a promise. */
  | { readonly type: 'ticked' }
  /** The message with this number was not written synchronously. */
  | { readonly type: 'message.pending'; readonly number: number }
  | { readonly type: 'settled'; readonly call: number; readonly outcome: RecordedOutcome }
  /** A handler was called with a server request. Calls of handlers are numbered. */
  | { readonly type: 'handler.called'; readonly handler: number; readonly method: string }
  | { readonly type: 'notified'; readonly method: string }
  | { readonly type: 'progress'; readonly call: number; readonly progress: number; readonly total?: number }
  | { readonly type: 'problem'; readonly code: Failure['code'] }
  | { readonly type: 'suspect' }
  | { readonly type: 'timer.set'; readonly timer: number; readonly delay: number }
  | { readonly type: 'timer.cleared'; readonly timer: number };

/** An entry of a recording without its time. */
export type RecordedEvent = RecordedCall | RecordedInput | RecordedOutput | LinkNews;

/** One line of a recording. */
export type RecordedEntry = RecordedEvent & {
  /** The time, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The entry begins a new turn of the event loop: all microtasks before it had run. */
  readonly turn?: true;
  /** The number of calls to code outside of the connection, such as listeners, that were running. Undefined for none. */
  readonly in?: number;
};

/** The destination of a recording. Must not throw. */
export interface RecordingSink {
  begin(header: RecordingHeader): void;
  write(entry: RecordedEntry): void;
  /** Resolves when all entries so far are written and the file is closed. Undefined if there is nothing to wait for. */
  flush(): Promise<void> | undefined;
}
