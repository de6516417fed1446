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

/** How to reach a server over a WebSocket. */
export interface WebSocketRecipe {
  readonly url: URL;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly maxMessageBytes: number;
  readonly secrets: Secrets;
  /** Opens the connection, when Node is not to do it by itself. */
  readonly agent?: Agent | undefined;
}

/** A WebSocket that is open. */
export interface Handshake {
  readonly websocket: WebSocket;
  /** What is below it. */
  readonly socket: Socket;
  /** Whether the server chose the subprotocol. */
  readonly chosen: boolean;
}

/** What both sides have to agree on. */
export const SUBPROTOCOL = 'mcp';

/** The server chose no subprotocol: one that knows none still may speak MCP. */
const NONE_CHOSEN = Symbol('no subprotocol was chosen');

/**
 * Opens a WebSocket and calls `opened` before its first message comes. Rejects with a failure, or with the reason of `signal`; then nothing
 * is left. A server that chooses no subprotocol is asked a second time without one: RFC 6455, 4.1, lets nobody go on with the first.
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
    // Without credentials: they are among the headers.
    const url = new URL(recipe.url);
    url.username = url.password = '';
    const websocket = new ws.WebSocket(url, subprotocols, {
      headers: pairs(recipe.headers),
      maxPayload: recipe.maxMessageBytes,
      agent: recipe.agent,
      // What is compressed could be far larger than it looks, and small messages do not gain by it.
      perMessageDeflate: false,
    });
    return outcomeOf(websocket, subprotocols.length > 0, recipe, environment, signal, opened);
  };
  const first = await attempt([SUBPROTOCOL]);
  if (first !== NONE_CHOSEN) return first;
  const second = await attempt([]);
  if (second !== NONE_CHOSEN) return second;
  throw handshakeFailed(recipe.url, 'it wants no subprotocol and does not go on without one');
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
      // There is no opening without an upgrade.
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
  return handshakeFailed(url, `it chose the subprotocol ${JSON.stringify(shown)} where "${SUBPROTOCOL}" was offered`, {
    subprotocol: shown,
  });
}

function pairs(flat: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) headers[flat[at] as string] = flat[at + 1] as string;
  return headers;
}
