/**
 * What the inspector's server keeps and sends to its page: short records of what happened, in order. Both ends import this file, so it
 * holds types only.
 */
export interface Stamp {
  /** Its number; each record has the next one. */
  readonly n: number;
  /** When, in milliseconds since the Unix epoch. Never earlier than the record before. */
  readonly at: number;
  /** The number of the client that it is about. */
  readonly c: number;
}

/** A request as far as it is shown. */
export interface RequestLabel {
  readonly method: string;
  /** What it is about: the name of a tool, for instance. */
  readonly about?: string;
  /** The client asks it for itself: a handshake, a health check. */
  readonly own: boolean;
}

/** What happened. */
export type RecordedEvent =
  | { readonly k: 'client'; readonly name?: string; readonly transport: string; readonly recording?: boolean }
  | { readonly k: 'session'; readonly server: string; readonly revision: string; readonly era: string }
  /** An actor was started, maybe a while ago: busy requests are shown only when they turn out to take long. */
  | {
      readonly k: 'actor';
      readonly a: number;
      readonly parent?: number;
      readonly id: string;
      /** The id of its chart, when it has one. */
      readonly chart?: string;
      readonly since: number;
      readonly request?: RequestLabel;
    }
  /** An actor took an event. */
  | {
      readonly k: 'step';
      readonly a: number;
      readonly e: string;
      /** The actor that sent it. */
      readonly from?: number;
      /** The innermost states that it is in now, when they changed. */
      readonly v?: readonly string[];
      /** The transitions that it took, as `source->target`. */
      readonly edges?: readonly string[];
      /** How the actor ended, when it did. */
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
      /** The actor of the request that it belongs to. */
      readonly a?: number;
      /** Milliseconds from the request to this answer. */
      readonly took?: number;
      readonly detail?: string;
    }
  | { readonly k: 'link'; readonly epoch: number; readonly what: string; readonly note?: string }
  | { readonly k: 'health'; readonly score: number; readonly ok: boolean; readonly latency?: number }
  | ({ readonly k: 'rates' } & Rates)
  /** Records that were not kept, or not sent to a page that was too slow. */
  | { readonly k: 'gap'; readonly missed: number };

/** How much was going on in a stretch of time that ended just now. */
export interface Rates {
  /** The length of the stretch in milliseconds. */
  readonly ms: number;
  readonly started: number;
  /** Requests that ended, by the final state. */
  readonly ended: Readonly<Record<string, number>>;
  readonly out: number;
  readonly in: number;
  /** Milliseconds from request to answer. */
  readonly p50?: number;
  readonly p95?: number;
  readonly max?: number;
  /** Requests that live at the end of the stretch, by state. */
  readonly living: Readonly<Record<string, number>>;
  /** Requests, steps and messages of the stretch that are only counted, and have no record of their own. */
  readonly unseen: number;
}

export type InspectRecord = Stamp & RecordedEvent;

/** What the server sends. */
export type ServerMessage =
  /** The beginning of everything that is kept; more may follow at once. What the page knew before is void. */
  | {
      readonly t: 'hello';
      /** Another one after the program was restarted. */
      readonly run: string;
      readonly base: World;
      readonly records: readonly InspectRecord[];
      /** The server's clock, so that ages are right whatever the browser's clock says. */
      readonly now: number;
    }
  | { readonly t: 'records'; readonly records: readonly InspectRecord[]; readonly now: number };

/** Everything at one moment, as plain data. */
export interface World {
  /** The number of the last record that is in it. */
  n: number;
  at: number;
  clients: Record<number, ClientView>;
}

/** One client at one moment. */
export interface ClientView {
  c: number;
  name: string | undefined;
  transport: string;
  /** Whether it is a recording that is replayed. */
  recording: boolean;
  server: string | undefined;
  revision: string | undefined;
  era: string | undefined;
  /** The public state, and since when. */
  tag: string;
  tagSince: number;
  epoch: number;
  actors: Record<number, ActorView>;
  /** Requests that ended last; the newest is last. */
  ended: EndedRequest[];
  /** The last step in each chart that went somewhere. */
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
  /** The last event, and when. */
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
  /** Where it came from, for charts whose steps do not say which transitions they took. */
  before: readonly string[];
  after: readonly string[];
}
