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

/** Who asks: what a question is answered for. */
export interface Asker {
  /** What the server said about itself. For display only: it may say anything. */
  readonly serverInfo?: Implementation | undefined;
  /** What whoever supervises the connection calls it; undefined for a client without a name. The server has no say in it. */
  readonly connection?: string | undefined;
  readonly protocolVersion: MCPProtocolVersion;
}

/** What a handler is told about a question besides its parameters. */
export interface ServerRequestContext extends Asker {
  /** Aborted when nobody wants the answer any more: the server took the question back, or the connection is gone. */
  readonly signal: AbortSignal;
  /** The method of the question, such as `elicitation/create`. */
  readonly method: string;
  /**
   * What a person should be told before agreeing, in plain English: the page to open is not encrypted, or its host imitates another one; a
   * form asks for what looks like a secret. Empty for most questions. 2026-07-28 client/elicitation, "Security Considerations".
   */
  readonly warnings: readonly string[];
  /**
   * Refuses to answer: `throw context.refuse('The user does not want that')` tells the server just this. The number is the code of the
   * JSON-RPC error; -1, the default, means that the user rejected it. 2025-11-25 client/sampling, "Error Handling".
   */
  refuse(reason: string, code?: number): ServerRequestRefusal;
}

/** What {@link ServerRequestContext.refuse} makes, to be thrown. Any other thing that a handler throws is never shown to the server. */
export class ServerRequestRefusal extends Error {
  /** The code of the JSON-RPC error. */
  readonly code: number;

  constructor(reason: string, code: number) {
    super(reason);
    this.name = 'ServerRequestRefusal';
    this.code = code;
  }
}

/** Asks a language model for the server. `maxTokens` is a limit to keep; the rest is advice. 2026-07-28 client/sampling. */
export type SamplingHandler = (
  params: CreateMessageRequestParams,
  context: ServerRequestContext,
) => CreateMessageResult | Promise<CreateMessageResult>;

/**
 * Shows a form to the user. What is filled in is completed with the defaults of the form, and checked against it. Whether the user
 * accepts, declines or turns away is an answer each time, and no error. 2026-07-28 client/elicitation.
 */
export type ElicitationHandler = (
  params: ElicitRequestFormParams,
  context: ServerRequestContext,
) => ElicitResult | Promise<ElicitResult>;

/**
 * Shows the whole URL of a page to the user, and opens it with the user's consent where neither this program nor a model sees what is
 * done there. It is an `http:` or `https:` URL; this library does not touch it. `accept` means consent, not that the user has finished.
 * 2026-07-28 client/elicitation, "Safe URL Handling".
 */
export type UrlElicitationHandler = (
  params: ElicitRequestURLParams,
  context: ServerRequestContext,
) => ElicitResult | Promise<ElicitResult>;

/** Says which roots this server may know. 2026-07-28 client/roots. */
export type RootsHandler = (context: ServerRequestContext) => readonly Root[] | Promise<readonly Root[]>;

/** Who answers what a server asks. What is missing is not offered to servers. */
export interface ServerRequestHandlers {
  readonly sampling?:
    | {
        readonly createMessage: SamplingHandler;
        /** It also takes `tools` and `toolChoice`. */
        readonly tools: boolean;
        /** It also takes an `includeContext` other than `none`. */
        readonly context: boolean;
      }
    | undefined;
  readonly elicitation?:
    { readonly form?: ElicitationHandler | undefined; readonly url?: UrlElicitationHandler | undefined } | undefined;
  readonly roots?: readonly Root[] | RootsHandler | undefined;
}

/** A question of a server, whichever way it came. */
export interface ServerRequest {
  readonly method: string;
  readonly params?: Params | undefined;
}

/** What a server is told, and why when it is no result. */
export type HandlerResponse =
  | { readonly result: Readonly<Record<string, unknown>> }
  | {
      readonly error: JSONRPCErrorObject;
      /** The same for this side, which may know more than the server is told. */
      readonly failure: Failure;
    };

/**
 * What a client with these handlers offers, as it says in the handshake. Nothing is offered that nobody answers. 2025-11-25
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

/** The same as modern requests say it: there a change of the roots is not announced. 2026-07-28 client/roots. */
export function modernCapabilities(capabilities: ClientCapabilities): ClientCapabilities {
  return capabilities.roots === undefined ? capabilities : { ...capabilities, roots: {} };
}
