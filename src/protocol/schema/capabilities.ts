import type { JSONObject } from './base.js';

/**
 * What a client offers. Not a closed set. In 2026-07-28 it goes with every request, before that with `initialize`.
 * 2026-07-28 basic/index, "Capabilities"; 2025-11-25 basic/lifecycle.
 */
export interface ClientCapabilities {
  /** Capabilities of no standard, by name. */
  experimental?: { [name: string]: JSONObject };
  /** Extensions by identifier, with their settings; `{}` when there are none. 2026-07-28 basic/versioning. */
  extensions?: { [identifier: string]: JSONObject };
  /** The client lists roots. Deprecated since 2026-07-28. */
  roots?: {
    /** The client says when they change. Only up to 2025-11-25. */
    listChanged?: boolean;
  };
  /** The client samples from a language model. Deprecated since 2026-07-28. */
  sampling?: {
    /** It takes `includeContext` other than `none`. */
    context?: JSONObject;
    /** It takes `tools` and `toolChoice`. Since 2025-11-25. */
    tools?: JSONObject;
  };
  /** The client asks its user. An empty object means forms only. Since 2025-06-18; the modes since 2025-11-25. */
  elicitation?: {
    form?: JSONObject;
    url?: JSONObject;
  };
  /** The tasks that were part of the core in 2025-11-25 only. */
  tasks?: {
    list?: JSONObject;
    cancel?: JSONObject;
    requests?: {
      sampling?: { createMessage?: JSONObject };
      elicitation?: { create?: JSONObject };
    };
  };
}

/** What a server offers. Not a closed set. 2026-07-28 server/discover; 2025-11-25 basic/lifecycle. */
export interface ServerCapabilities {
  /** Capabilities of no standard, by name. */
  experimental?: { [name: string]: JSONObject };
  /** Extensions by identifier, with their settings; `{}` when there are none. 2026-07-28 basic/versioning. */
  extensions?: { [identifier: string]: JSONObject };
  /** The server sends log messages. Deprecated since 2026-07-28. */
  logging?: JSONObject;
  /** The server completes arguments. Since 2025-03-26: in 2024-11-05 a server could do it without saying so. */
  completions?: JSONObject;
  prompts?: {
    /** The server says when the list of prompts changes. */
    listChanged?: boolean;
  };
  resources?: {
    /** The server says when a single resource changes. */
    subscribe?: boolean;
    /** The server says when the list of resources changes. */
    listChanged?: boolean;
  };
  tools?: {
    /** The server says when the list of tools changes. */
    listChanged?: boolean;
  };
  /** The tasks that were part of the core in 2025-11-25 only. */
  tasks?: {
    list?: JSONObject;
    cancel?: JSONObject;
    requests?: {
      tools?: { call?: JSONObject };
    };
  };
}
