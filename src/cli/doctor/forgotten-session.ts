import { randomUUID } from 'node:crypto';

import { MCPClient } from '../../api/client.js';
import type { MCPClientOptions } from '../../api/options/options.js';
import type { SuspendedClient } from '../../api/suspended-client.js';
import type { TapEvent } from '../../machines/connection/link-tap.js';
import type { Failure } from '../../util/failure.js';
import type { Target } from '../target.js';
import { describeFailure, fixFor } from './failures.js';
import type { Limits } from './limits.js';
import type { Finding } from './report.js';

/** Of the specification, for a request with a session that the server does not know. 2025-11-25 basic/transports, "Session Management". */
const NOT_FOUND = 404;

/**
 * Checks what the server responds to a session that it does not know, as after its restart: a ping with a made-up session id. Clients negotiate
 * again only if they can recognize the response.
 * @param suspended the suspended client of the server's own session
 */
export async function checkForgottenSession(
  target: Target,
  suspended: SuspendedClient,
  options: MCPClientOptions,
  limits: Limits,
  signal: AbortSignal,
): Promise<Finding> {
  const link = { ...suspended.link, sessionId: randomUUID(), streamed: false };
  const forged: SuspendedClient = { ...suspended, link, wanted: { resources: [] }, lists: {} };
  let refusal: Failure | undefined;
  let lost = false;
  const tap = (event: TapEvent): void => {
    if (event.type === 'session.lost') lost = true;
    if (event.type === 'message.settled') refusal ??= event.failure;
  };
  const client = new MCPClient(await target.transport(), {
    ...options,
    resume: forged,
    inspect: { inspect: () => undefined, tap, redact: false },
  });
  try {
    await client.connect({ signal });
    await client.ping({ signal, timeout: limits.request });
  } catch (error) {
    signal.throwIfAborted();
    if (refusal === undefined && !lost) return unclear(error);
  } finally {
    await client.close();
  }
  return judged(refusal, lost);
}

function judged(refusal: Failure | undefined, lost: boolean): Finding {
  const status = refusal?.errorCode;
  const data = { status, recognized: lost };
  if (status === NOT_FOUND) {
    return { check: 'session', status: 'ok', message: 'an unknown session is answered with HTTP 404', data };
  }
  const fix = 'The server must answer it with HTTP 404 (specification 2025-11-25, "Session Management").';
  if (refusal === undefined) {
    const message = 'the server answers a request with an unknown session as if it knew the session';
    return { check: 'session', status: 'warning', message, fix, data };
  }
  const shown = status === undefined ? refusal.message : `HTTP ${status}`;
  const others = lost ? 'this client negotiates again, other clients may not' : 'no client negotiates again';
  return {
    check: 'session',
    status: lost ? 'warning' : 'failed',
    message: `an unknown session is answered with ${shown}: ${others}`,
    fix,
    data,
  };
}

function unclear(error: unknown): Finding {
  const fix = fixFor(error);
  const message = `a ping with an unknown session failed: ${describeFailure(error)}`;
  return { check: 'session', status: 'warning', message, fix };
}
