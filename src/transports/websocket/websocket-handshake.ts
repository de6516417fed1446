import type { Agent } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Environment } from '../../util/environment.js';
import { failure, withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { safeText } from '../../util/printable.js';
import {
  authenticationFailure,
  exchangeFailed,
  hasAuthorization,
  isAboutAuthentication,
  shownUrl,
  statusFailure,
} from '../http/http-failures.js';
import type { ResponseHead } from '../http/http-head.js';
import type { Secrets } from '../secrets.js';

/** The parameters of a WebSocket connection. */
export interface WebSocketRecipe {
  readonly url: URL;
  /** Names and values, alternating. */
  readonly headers: readonly string[];
  readonly maxMessageBytes: number;
  readonly secrets: Secrets;
  /** The agent that opens the connection. Default: Node opens it. */
  readonly agent?: Agent | undefined;
}

/** An open WebSocket. */
export interface Handshake {
  readonly websocket: WebSocket;
  /** The TCP or TLS socket below it. */
  readonly socket: Socket;
  /** Whether the server chose the subprotocol. */
  readonly chosen: boolean;
}

/** The subprotocol that the client offers. */
export const SUBPROTOCOL = 'mcp';

/** The server chose no subprotocol. A server without subprotocols may still support MCP. */
const NONE_CHOSEN = Symbol('no subprotocol was chosen');

/**
 * Opens a WebSocket and calls `opened` before the first message is received. Rejects with a failure, or with the reason of `signal`; then no
 * socket is left. If the server chooses no subprotocol, the client connects again without offering one, because RFC 6455, 4.1, requires it to
 * fail the first connection.
 */
export async function shakeHands<Result>(
  recipe: WebSocketRecipe,
  environment: Environment,
  signal: AbortSignal,
  opened: (handshake: Handshake) => Result,
): Promise<Result> {
  const ws = await import('ws');
  const attempt = (subprotocols: string[]): Promise<Result | typeof NONE_CHOSEN> => {
    signal.throwIfAborted();
    // The credentials are in the headers.
    const url = new URL(recipe.url);
    url.username = url.password = '';
    const websocket = new ws.WebSocket(url, subprotocols, {
      headers: pairs(recipe.headers),
      maxPayload: recipe.maxMessageBytes,
      agent: recipe.agent,
      // A small compressed message could expand to a huge one, and small messages do not profit from compression.
      perMessageDeflate: false,
    });
    return outcomeOf(websocket, subprotocols.length > 0, recipe, environment, signal, opened);
  };
  const first = await attempt([SUBPROTOCOL]);
  if (first !== NONE_CHOSEN) return first;
  const second = await attempt([]);
  if (second !== NONE_CHOSEN) return second;
  throw handshakeFailed(recipe.url, 'the server chose no subprotocol, and refused a connection without one');
}

function outcomeOf<Result>(
  websocket: WebSocket,
  offered: boolean,
  recipe: WebSocketRecipe,
  environment: Environment,
  signal: AbortSignal,
  opened: (handshake: Handshake) => Result,
): Promise<Result | typeof NONE_CHOSEN> {
  const { url } = recipe;
  return new Promise((resolve, reject) => {
    let upgraded: { readonly socket: Socket; readonly subprotocol: string | undefined } | undefined;
    let trouble: Failure | undefined;
    const stop = (): void => {
      websocket.terminate();
    };
    signal.addEventListener('abort', stop, { once: true });
    websocket.once('upgrade', ({ socket, headers }) => {
      upgraded = { socket, subprotocol: headers['sec-websocket-protocol'] };
    });
    websocket.once('unexpected-response', (_request, { statusCode = 0, headers }) => {
      trouble = withDelivery(refusal(recipe, { status: statusCode, headers }, environment), 'not-sent');
      websocket.terminate();
    });
    websocket.on('error', (error) => {
      const subprotocol = upgraded?.subprotocol;
      if (upgraded === undefined) trouble ??= exchangeFailed(url, error, false, false);
      else if (subprotocol === undefined || subprotocol === SUBPROTOCOL)
        trouble ??= handshakeFailed(url, error.message);
      else trouble ??= otherSubprotocol(url, subprotocol);
    });
    const failed = (): void => {
      signal.removeEventListener('abort', stop);
      const thrown: Error = trouble as unknown as Error;
      if (signal.aborted) reject(signal.reason as Error);
      else if (offered && upgraded !== undefined && upgraded.subprotocol === undefined) resolve(NONE_CHOSEN);
      else reject(thrown);
    };
    websocket.once('close', failed);
    websocket.once('open', () => {
      signal.removeEventListener('abort', stop);
      websocket.removeListener('close', failed);
      // The event `upgrade` comes before `open`.
      resolve(
        opened({ websocket, socket: (upgraded as { socket: Socket }).socket, chosen: websocket.protocol !== '' }),
      );
    });
  });
}

function refusal({ url, headers }: WebSocketRecipe, head: ResponseHead, environment: Environment): Failure {
  return isAboutAuthentication(head)
    ? authenticationFailure(url, head, hasAuthorization(headers))
    : statusFailure(url, head, environment.now());
}

function handshakeFailed(url: URL, why: string, more?: object): Failure {
  const shown = shownUrl(url);
  return failure('transport', 'MCP_TRANSPORT_FAILED', `The WebSocket handshake with ${shown} failed: ${why}`, {
    delivery: 'not-sent',
    details: { url: shown, ...more },
  });
}

function otherSubprotocol(url: URL, subprotocol: string): Failure {
  const shown = safeText(subprotocol, 80);
  return handshakeFailed(
    url,
    `the server chose the subprotocol ${JSON.stringify(shown)} but the client offered "${SUBPROTOCOL}"`,
    {
      subprotocol: shown,
    },
  );
}

function pairs(flat: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) headers[flat[at] as string] = flat[at + 1] as string;
  return headers;
}
