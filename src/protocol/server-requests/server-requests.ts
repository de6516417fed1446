import type { JSONRPCErrorObject, Params } from '../messages/json-rpc.js';
import type { Failure } from '../../util/failure.js';
import type {
  ClientCapabilities,
  CreateMessageRequestParams,
  CreateMessageResult,
  ElicitRequestFormParams,
  ElicitRequestURLParams,
  ElicitResult,
  Implementation,
  Root,
} from '../schema/index.js';
import type { MCPProtocolVersion } from '../revisions.js';

/** The connection that a server request belongs to. */
export interface Asker {
  /** The self-reported name and version of the server. For display only. */
  readonly serverInfo?: Implementation | undefined;
  /** The name of the {@link MCPConnection}, which the server cannot influence; undefined for a client without a name. */
  readonly connection?: string | undefined;
  readonly protocolVersion: MCPProtocolVersion;
}

/** The second argument of a handler for server requests. */
export interface ServerRequestContext extends Asker {
  /** Aborted when the result is no longer needed: the server cancelled its request, or the connection was lost. */
  readonly signal: AbortSignal;
  /** The method of the request, such as `elicitation/create`. */
  readonly method: string;
  /**
   * Warnings to show to the user before they agree, in English: the page to open is not encrypted, or its host imitates another one; a form
   * seems to ask for a secret. Usually empty. 2026-07-28 client/elicitation, "Security Considerations".
   */
  readonly warnings: readonly string[];
  /**
   * Refuses the request: `throw context.refuse('The user does not want that')` sends this text to the server. `code` is the code of the JSON-RPC
   * error; -1, the default, means that the user rejected the request. 2025-11-25 client/sampling, "Error Handling".
   */
  refuse(reason: string, code?: number): ServerRequestRefusal;
}

/** The error that {@link ServerRequestContext.refuse} creates, to be thrown. Other errors of a handler are never sent to the server. */
export class ServerRequestRefusal extends Error {
  /** The code of the JSON-RPC error. */
  readonly code: number;

  constructor(reason: string, code: number) {
    super(reason);
    this.name = 'ServerRequestRefusal';
    this.code = code;
  }
}

/**
 * A handler that calls a language model for the server. `maxTokens` must be respected; the other parameters are advice. 2026-07-28
 * client/sampling.
 */
export type SamplingHandler = (
  params: CreateMessageRequestParams,
  context: ServerRequestContext,
) => CreateMessageResult | Promise<CreateMessageResult>;

/**
 * A handler that shows a form to the user. The client adds the defaults of the form and validates the content. Accept, decline and cancel are
 * all results, not errors. 2026-07-28 client/elicitation.
 */
export type ElicitationHandler = (
  params: ElicitRequestFormParams,
  context: ServerRequestContext,
) => ElicitResult | Promise<ElicitResult>;

/**
 * A handler that shows the whole URL of a page to the user, and opens it with the user's consent in a browser that neither this program nor a
 * model can read. It is an `http:` or `https:` URL; this library does not open it. `accept` means consent, not that the user has finished.
 * 2026-07-28 client/elicitation, "Safe URL Handling".
 */
export type UrlElicitationHandler = (
  params: ElicitRequestURLParams,
  context: ServerRequestContext,
) => ElicitResult | Promise<ElicitResult>;

/** A handler that returns the roots for this server. 2026-07-28 client/roots. */
export type RootsHandler = (context: ServerRequestContext) => readonly Root[] | Promise<readonly Root[]>;

/** The handlers for server requests. Only their capabilities are advertised. */
export interface ServerRequestHandlers {
  readonly sampling?:
    | {
        readonly createMessage: SamplingHandler;
        /** It also supports `tools` and `toolChoice`. */
        readonly tools: boolean;
        /** It also supports `includeContext` values other than `none`. */
        readonly context: boolean;
      }
    | undefined;
  readonly elicitation?:
    { readonly form?: ElicitationHandler | undefined; readonly url?: UrlElicitationHandler | undefined } | undefined;
  readonly roots?: readonly Root[] | RootsHandler | undefined;
}

/** A server request of either era. */
export interface ServerRequest {
  readonly method: string;
  readonly params?: Params | undefined;
}

/** The reply to a server request: a result, or an error with its failure. */
export type HandlerResponse =
  | { readonly result: Readonly<Record<string, unknown>> }
  | {
      readonly error: JSONRPCErrorObject;
      /** The failure for this side, which may contain more than the error. */
      readonly failure: Failure;
    };

/**
 * The capabilities of a client with these handlers, for the handshake. 2025-11-25
 * basic/lifecycle, "Capability Negotiation".
 */
export function offeredCapabilities({ sampling, elicitation, roots }: ServerRequestHandlers): ClientCapabilities {
  return {
    ...(roots !== undefined && { roots: { listChanged: true } }),
    ...(sampling !== undefined && {
      sampling: { ...(sampling.context && { context: {} }), ...(sampling.tools && { tools: {} }) },
    }),
    ...(elicitation !== undefined && {
      elicitation: { ...(elicitation.form && { form: {} }), ...(elicitation.url && { url: {} }) },
    }),
  };
}

/** The capabilities for modern requests, in which `roots.listChanged` does not exist. 2026-07-28 client/roots. */
export function modernCapabilities(capabilities: ClientCapabilities): ClientCapabilities {
  return capabilities.roots === undefined ? capabilities : { ...capabilities, roots: {} };
}
