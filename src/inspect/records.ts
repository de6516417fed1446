/**
 * The records that the server of the inspector keeps and sends to its page, in order. Server and page import this file, so it contains only
 * types.
 */
export interface Stamp {
  /** The number of the record, without gaps. */
  readonly n: number;
  /** The time, in milliseconds since the Unix epoch. Never earlier than that of the previous record. */
  readonly at: number;
  /** The number of the client. */
  readonly c: number;
}

/** The visible part of a request. */
export interface RequestLabel {
  readonly method: string;
  /** The name or URI in its parameters, such as the name of a tool. */
  readonly about?: string;
  /** Whether the client sends it for itself, such as a handshake or a health check. */
  readonly own: boolean;
}

/** A record without its number, time and client. */
export type InspectedEvent =
  | { readonly k: 'client'; readonly name?: string; readonly transport: string; readonly recording?: boolean }
  | { readonly k: 'session'; readonly server: string; readonly revision: string; readonly era: string }
  /** An actor was started, perhaps earlier: under high load a request is shown only when it takes long. */
  | {
      readonly k: 'actor';
      readonly a: number;
      readonly parent?: number;
      readonly id: string;
      /** The id of its chart, if it has one. */
      readonly chart?: string;
      readonly since: number;
      readonly request?: RequestLabel;
    }
  /** An actor handled an event. */
  | {
      readonly k: 'step';
      readonly a: number;
      readonly e: string;
      /** The actor that sent it. */
      readonly from?: number;
      /** Its innermost states, if they changed. */
      readonly v?: readonly string[];
      /** The transitions, as `source->target`. */
      readonly edges?: readonly string[];
      /** The final status of the actor, if it ended. */
      readonly end?: 'done' | 'error' | 'stopped';
      /** The tag of the state: for a connection, its public state. */
      readonly tag?: string;
      readonly note?: string;
      readonly detail?: string;
    }
  | {
      readonly k: 'message';
      readonly way: 'out' | 'in';
      readonly epoch: number;
      readonly what: 'request' | 'notification' | 'result' | 'error' | 'other';
      readonly method?: string;
      readonly about?: string;
      readonly id?: string | number;
      /** The actor of its request. */
      readonly a?: number;
      /** The time from the request to this response, in ms. */
      readonly took?: number;
      readonly detail?: string;
    }
  | { readonly k: 'link'; readonly epoch: number; readonly what: string; readonly note?: string }
  | { readonly k: 'health'; readonly score: number; readonly ok: boolean; readonly latency?: number }
  | ({ readonly k: 'rates' } & Rates)
  /** Records that were discarded, or not sent to a slow page. */
  | { readonly k: 'gap'; readonly missed: number };

/** The counters of an interval. */
export interface Rates {
  /** The length of the interval, in ms. */
  readonly ms: number;
  readonly started: number;
  /** Requests that ended, by their final state. */
  readonly ended: Readonly<Record<string, number>>;
  readonly out: number;
  readonly in: number;
  /** Quantiles of the response times, in ms. */
  readonly p50?: number;
  readonly p95?: number;
  readonly max?: number;
  /** Pending requests at the end of the interval, by state. */
  readonly living: Readonly<Record<string, number>>;
  /** Requests, steps and messages without records. */
  readonly unseen: number;
}

export type InspectRecord = Stamp & InspectedEvent;

/** A message of the server to a page. */
export type ServerMessage =
  /** The first records. They replace everything that the page had before; more messages may follow at once. */
  | {
      readonly t: 'hello';
      /** The id of the run of the program. It changes when the program is restarted. */
      readonly run: string;
      readonly base: World;
      readonly records: readonly InspectRecord[];
      /** The time of the server, so that ages do not depend on the clock of the browser. */
      readonly now: number;
    }
  | { readonly t: 'records'; readonly records: readonly InspectRecord[]; readonly now: number };

/** The state of all clients at one moment, as plain data. */
export interface World {
  /** The number of the last record in it. */
  n: number;
  at: number;
  clients: Record<number, ClientView>;
}

/** The state of a client at one moment. */
export interface ClientView {
  c: number;
  name: string | undefined;
  transport: string;
  /** Whether it is the replay of a recording. */
  recording: boolean;
  server: string | undefined;
  revision: string | undefined;
  era: string | undefined;
  /** The public state, and the time when it was entered. */
  tag: string;
  tagSince: number;
  epoch: number;
  actors: Record<number, ActorView>;
  /** The last requests that ended, newest last. */
  ended: EndedRequest[];
  /** The last step with a state change in each chart. */
  last: Record<string, LastStep>;
  rates: Rates | undefined;
  health: { score: number; ok: boolean; latency: number | undefined } | undefined;
}

export interface ActorView {
  a: number;
  parent: number | undefined;
  id: string;
  chart: string | undefined;
  since: number;
  states: readonly string[];
  /** The last event, and its time. */
  event: string;
  eventAt: number;
  request: RequestLabel | undefined;
}

export interface EndedRequest {
  a: number;
  request: RequestLabel;
  since: number;
  at: number;
  state: string;
}

export interface LastStep {
  n: number;
  at: number;
  a: number;
  event: string;
  edges: readonly string[];
  /** The states before and after the step, for charts whose steps have no `edges`. */
  before: readonly string[];
  after: readonly string[];
}
