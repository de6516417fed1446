import {
  MCPAuthenticationError,
  MCPCapabilityError,
  MCPConnectionError,
  MCPError,
  MCPTimeoutError,
} from '../../errors.js';

/** The codes of the official client for errors that are no response of the server. */
const CONNECTION_CLOSED = -32_000;
const REQUEST_TIMEOUT = -32_001;
const METHOD_NOT_FOUND = -32_601;
const INVALID_PARAMS = -32_602;
const INTERNAL_ERROR = -32_603;
const UNAUTHORIZED = 401;

/**
 * The error of an {@link SdkClient}, in the form of the official client's `McpError`: code that compares `error.code` with its `ErrorCode` works
 * unchanged. `instanceof McpError` is false, because this package does not import the official one. `cause` is the {@link MCPError}, with
 * `delivery`, `hint` and `explain()`.
 *
 * @example
 * import { ErrorCode } from '@modelcontextprotocol/sdk/types.js';
 * await sdk.callTool({ name: 'slow' }).catch((error) => console.log(error.code === ErrorCode.RequestTimeout));
 */
export class SdkError extends Error {
  /**
   * The JSON-RPC code of the server's error response, or the HTTP status. Else -32001 for a timeout, -32000 for a lost or missing connection, 401 if
   * a sign-in is needed, -32601 if the server lacks the capability, -32602 for invalid parameters and results.
   */
  readonly code: number;
  /** `data` of the server's error response; else the `details` of the {@link MCPError}. */
  readonly data: unknown;

  /** @param error the error of the client */
  constructor(error: MCPError) {
    const code = codeOf(error);
    super(`MCP error ${code}: ${error.message}`, { cause: error });
    this.name = 'McpError';
    this.code = code;
    this.data = 'data' in error.details ? error.details.data : error.details;
  }
}

/** The code of each class, the more specific classes first. */
const CODES: readonly (readonly [kind: typeof MCPError, code: number])[] = [
  [MCPTimeoutError, REQUEST_TIMEOUT],
  [MCPConnectionError, CONNECTION_CLOSED],
  [MCPAuthenticationError, UNAUTHORIZED],
  [MCPCapabilityError, METHOD_NOT_FOUND],
];

function codeOf(error: MCPError): number {
  if (error.errorCode !== undefined) return error.errorCode;
  if (error.code === 'MCP_INVALID_PARAMS' || error.code === 'MCP_INVALID_RESULT') return INVALID_PARAMS;
  return CODES.find(([kind]) => kind.isInstance(error))?.[1] ?? INTERNAL_ERROR;
}

/** Awaits a call and converts its {@link MCPError}. Other errors, such as the reason of a signal, stay as they are. */
export async function withSdkErrors<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (thrown) {
    throw MCPError.isInstance(thrown) ? new SdkError(thrown) : thrown;
  }
}
