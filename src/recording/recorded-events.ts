import type { Delivery } from '../util/failure.js';
import type { Failure, FailureCode } from '../util/failure.js';
import type { JSONRPCMessage, Params, RequestId } from '../protocol/messages/json-rpc.js';
import type { HandlerResponse } from '../protocol/server-requests/server-requests.js';
import type { ClientIdentity } from '../protocol/session.js';
import type { Framing } from '../transports/transport.js';
import type { ConnectionInput, ConnectionState, ConnectionWish } from '../machines/connection/connection-context.js';
import type { SignalMark } from './signal-watch.js';
import type { LinkNews } from '../machines/connection/link-tap.js';

/** What a recording begins with: everything that a connection is made of, so that it can be made again. */
export interface RecordingHeader extends ConnectionInput {
  readonly format: 'mcp-actors-recording';
  readonly version: 2;
  /** The package that wrote it, as `name@version`. */
  readonly by: string;
  /** Whether secrets are pseudonyms. */
  readonly redacted: boolean;
  readonly transport: { readonly type: string; readonly framing: Framing };
  readonly identity: ClientIdentity;
  readonly maxQueued: number;
  /** Ids of requests up to this one were used before, in the session that was inherited. */
  readonly lastId: number;
  /** How often a server may ask before it answers a request. Missing in recordings of earlier versions of the package. */
  readonly maxInputRounds?: number | undefined;
  /** How many replies may wait to be written. Missing in recordings of earlier versions of the package. */
  readonly maxPendingReplies?: number | undefined;
  /** How many questions of a server are answered at once; undefined when none are. */
  readonly maxServerRequests?: number | undefined;
}

/** How something that was asked for ended. Texts are left out: they may quote the server. */
export type RecordedOutcome =
  | { readonly ok: true }
  | { readonly aborted: true }
  | { readonly code: FailureCode; readonly delivery?: Delivery; readonly errorCode?: number };

/** What the user asked for. `call` counts what has an outcome. */
export type Asked =
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
      /** The caller takes a result whatever it looks like. */
      readonly unchecked?: true;
      /** The caller wants to hear of progress. */
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

/** What the environment and the transport gave. Timers, links and releases are numbered in the order in which they were asked for. */
export type Given =
  | { readonly type: 'timer.fired'; readonly timer: number }
  | { readonly type: 'random'; readonly value: number }
  /** Whether the link goes on with the session that was inherited. */
  | { readonly type: 'resumed'; readonly taken: boolean }
  /** The link could take back this request, of which no byte had left. */
  | { readonly type: 'recalled'; readonly requestId: RequestId }
  /** The time was asked for out of turn. */
  | { readonly type: 'clock' }
  /** The transport would not be used by this connection. */
  | { readonly type: 'refused' }
  /** What the transport made of the attempt to open a link. */
  | { readonly type: 'link.ready'; readonly opening: number; readonly framing: Framing }
  | { readonly type: 'link.failed'; readonly opening: number; readonly failure: Failure }
  /** Nothing is left of a link. */
  | { readonly type: 'link.released'; readonly release: number }
  /** What a handler said, or why it did not. */
  | { readonly type: 'handler.responded'; readonly handler: number; readonly answer: HandlerResponse }
  /** The handler of a withdrawn server request has settled. */
  | { readonly type: 'handler.settled'; readonly handler: number };

/** What the connection did that can be seen from outside, besides what it sent. */
export type Shown =
  | { readonly type: 'state'; readonly state: ConnectionState; readonly from: ConnectionState }
  /** Where the chart is, after each event. */
  | { readonly type: 'path'; readonly path: string }
  /** The ticks of this turn came before its microtasks: it did not begin with a promise. */
  | { readonly type: 'ticked' }
  /** It takes time to send the message of that number. */
  | { readonly type: 'message.pending'; readonly number: number }
  | { readonly type: 'settled'; readonly call: number; readonly fate: RecordedOutcome }
  /** A handler was asked a question of the server. These are numbered in their order. */
  | { readonly type: 'handler.called'; readonly handler: number; readonly method: string }
  | { readonly type: 'notified'; readonly method: string }
  | { readonly type: 'progress'; readonly call: number; readonly progress: number; readonly total?: number }
  | { readonly type: 'problem'; readonly code: Failure['code'] }
  | { readonly type: 'suspect' }
  | { readonly type: 'timer.set'; readonly timer: number; readonly delay: number }
  | { readonly type: 'timer.cleared'; readonly timer: number };

/** Something that happened, without when. */
export type RecordedEvent = Asked | Given | Shown | LinkNews;

/** One line of a recording. */
export type RecordedEntry = RecordedEvent & {
  /** When, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** Everything that could go on without it had gone on before: it came from the event loop. */
  readonly turn?: true;
  /** How many calls to the outside it happened in, if any: a listener, for instance, that asked for something. */
  readonly in?: number;
};

/** Where a recording goes. Must not throw. */
export interface RecordingSink {
  begin(header: RecordingHeader): void;
  write(entry: RecordedEntry): void;
  /** Resolves when everything written so far is safe, and nothing is held open; undefined when that is so already. */
  flush(): Promise<void> | undefined;
}
