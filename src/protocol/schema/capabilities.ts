import type { JSONObject } from './base.js';

/**
 * Client capabilities. Not a closed set. In 2026-07-28 they are sent with every request, before that with `initialize`.
 * 2026-07-28 basic/index, "Capabilities"; 2025-11-25 basic/lifecycle.
 */
export interface ClientCapabilities {
  /** Experimental capabilities by name. */
  experimental?: { [name: string]: JSONObject };
  /** Extensions by identifier, with their settings; `{}` when there are none. 2026-07-28 basic/versioning. */
  extensions?: { [identifier: string]: JSONObject };
  /** The client lists roots. Deprecated since 2026-07-28. */
  roots?: {
    /** The client notifies of changes. Only up to 2025-11-25. */
    listChanged?: boolean;
  };
  /** The client supports sampling. Deprecated since 2026-07-28. */
  sampling?: {
    /** It supports `includeContext` values other than `none`. */
    context?: JSONObject;
    /** It supports `tools` and `toolChoice`. Since 2025-11-25. */
    tools?: JSONObject;
  };
  /** The client supports elicitation. An empty object means forms only. Since 2025-06-18; the modes since 2025-11-25. */
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

/** Server capabilities. Not a closed set. 2026-07-28 server/discover; 2025-11-25 basic/lifecycle. */
export interface ServerCapabilities {
  /** Experimental capabilities by name. */
  experimental?: { [name: string]: JSONObject };
  /** Extensions by identifier, with their settings; `{}` when there are none. 2026-07-28 basic/versioning. */
  extensions?: { [identifier: string]: JSONObject };
  /** The server sends log messages. Deprecated since 2026-07-28. */
  logging?: JSONObject;
  /** The server completes arguments. Since 2025-03-26: in 2024-11-05 there was no capability for it. */
  completions?: JSONObject;
  prompts?: {
    /** The server notifies of changes of the list of prompts. */
    listChanged?: boolean;
  };
  resources?: {
    /** The server notifies of changes of single resources. */
    subscribe?: boolean;
    /** The server notifies of changes of the list of resources. */
    listChanged?: boolean;
  };
  tools?: {
    /** The server notifies of changes of the list of tools. */
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
