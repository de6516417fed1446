import { detailsOf } from '../../protocol/checks/problem.js';
import type { Failure } from '../../util/failure.js';
import { failure, isFailure } from '../../util/failure.js';
import { classifyMessage, isRequestId, methodNotFound } from '../../protocol/messages/json-rpc.js';
import type {
  JSONRPCErrorResponse,
  JSONRPCMessage,
  JSONRPCNotification,
  JSONRPCRequest,
  JSONRPCResultResponse,
  MessageKind,
  Params,
} from '../../protocol/messages/json-rpc.js';
import { invalidRequest, readLeniently } from '../../protocol/messages/lenient-reading.js';
import { readParams } from '../../protocol/messages/message-reading.js';
import { META } from '../../protocol/request-meta.js';
import type { Era } from '../../protocol/revisions.js';
import type {
  CancelledNotificationParams,
  ElicitationCompleteNotificationParams,
  ProgressNotificationParams,
} from '../../protocol/schema/index.js';
import type { MessageOrigin } from '../../transports/link.js';
import type { RequestRegistry } from '../request/request-registry.js';
import type { ServerRequests } from '../server-requests/server-requests.js';
import { safeText } from '../../util/printable.js';

/** What the receiver of messages needs from its connection. */
export interface InboundPorts {
  readonly requests: RequestRegistry;
  /** Handles the requests of a legacy server; undefined when the user gave no handlers. */
  readonly serverRequests: ServerRequests | undefined;
  /** Whether the server reads the messages of the client. If not, its requests get no response, and that is reported. */
  mayReply(): boolean;
  now(): number;
  /** The era of the session; undefined while it is being negotiated. */
  era(): Era | undefined;
  send(message: JSONRPCMessage): void;
  /** A notification for the user. */
  notified(method: string, params: Params | undefined): void;
  report(problem: Failure): void;
  /** Reports a fault in a message that is used all the same. Such a server may repeat it all the time. */
  tolerate(fault: Failure): void;
  /** Handles an exception that is caught nowhere else: ends the connection. */
  fail(thrown: unknown): void;
}

type Response = JSONRPCResultResponse | JSONRPCErrorResponse;

/** At most this many messages in one batch, which only the revision 2025-03-26 has. */
const LARGEST_BATCH = 1_000;

/** Makes the function that receives the JSON values of the server, one at a time. It never throws. */
export function receiver(ports: InboundPorts): (value: unknown, about?: MessageOrigin) => void {
  const { inFlight } = ports.requests;
  return (value, about) => {
    try {
      ports.requests.received();
      const kind = classifyMessage(value);
      // Most messages are responses to pending requests.
      if ((kind === 'result' || kind === 'error') && inFlight.answered(value as Response)) return;
      if (Array.isArray(value)) receiveBatch(ports, value, about);
      else receiveOne(ports, kind, value, about);
    } catch (thrown) {
      ports.fail(thrown);
    }
  };
}

function receiveBatch(ports: InboundPorts, batch: readonly unknown[], about: MessageOrigin | undefined): void {
  if (batch.length === 0 || batch.length > LARGEST_BATCH || ports.era() === 'modern') {
    const message = `A batch of ${batch.length} messages is not allowed here (the limit is ${LARGEST_BATCH}, the modern era has none)`;
    ports.report(
      failure('protocol', 'MCP_INVALID_MESSAGE', message, { details: { size: batch.length, limit: LARGEST_BATCH } }),
    );
    return;
  }
  for (const one of batch) receiveOne(ports, classifyMessage(one), one, about);
}

function receiveOne(
  ports: InboundPorts,
  kind: MessageKind | Failure,
  value: unknown,
  about: MessageOrigin | undefined,
): void {
  if (!isFailure(kind)) {
    receiveMessage(ports, kind, value as JSONRPCMessage, about);
    return;
  }
  const read = readLeniently(value, (id) => ports.requests.inFlight.methodOf(id));
  if (isFailure(read)) {
    receiveInvalid(ports, value, kind, read);
    return;
  }
  if (read.deviation !== undefined) ports.tolerate(read.deviation);
  receiveMessage(ports, read.kind, read.message, about);
}

function receiveMessage(
  ports: InboundPorts,
  kind: MessageKind,
  message: JSONRPCMessage,
  about: MessageOrigin | undefined,
): void {
  switch (kind) {
    case 'result':
    case 'error':
      receiveResponse(ports, message as Response);
      break;
    case 'notification':
      receiveNotification(ports, message as JSONRPCNotification);
      break;
    case 'request':
      receiveRequest(ports, message as JSONRPCRequest, about);
  }
}

/**
 * Handles a message that cannot be used: rejects the pending request that it answers, or refuses the request that it makes. A message
 * without a method gets no reply: it may be a response, and a server that replies to replies would never stop.
 *
 * @param problem what is wrong with it at first sight
 * @param decisive what is still wrong with it when it is read leniently
 */
function receiveInvalid(ports: InboundPorts, value: unknown, problem: Failure, decisive: Failure): void {
  const { id, method } = (value ?? {}) as { id?: unknown; method?: unknown };
  if (method === undefined || method === null) {
    const details = { ...problem.details, requestId: id };
    if (ports.requests.inFlight.failed({ ...problem, delivery: 'answered', details })) return;
  }
  ports.report(problem);
  const isRequest = method !== undefined && method !== null && ports.era() !== 'modern';
  if (isRequest && (isRequestId(id) || typeof id === 'number') && ports.mayReply())
    ports.send(invalidRequest(id, decisive));
}

function receiveResponse(ports: InboundPorts, response: Response): void {
  if (ports.requests.inFlight.answered(response)) return;
  if ('error' in response && ports.era() === undefined && ports.requests.inFlight.answeredWithUnknownId(response))
    return;
  if ('error' in response && (response.id === undefined || response.id === null)) {
    const { code, message } = response.error;
    ports.report(
      failure('protocol', 'MCP_RPC_ERROR', `The server reported an error about a message: ${message}`, {
        errorCode: code,
      }),
    );
    return;
  }
  ports.report(
    failure('protocol', 'MCP_UNKNOWN_RESPONSE', 'Received a response with an unknown or already settled request id', {
      details: { id: response.id },
    }),
  );
}

function receiveNotification(ports: InboundPorts, { method, params }: JSONRPCNotification): void {
  ports.requests.frames.add('notification from the server', method, ports.now());
  const read = readParams(method, params);
  if (read === undefined) {
    passNotification(ports, method, params);
  } else if ('value' in read) {
    passNotification(ports, method, read.value);
    for (const fault of read.warnings) ports.tolerate(fault);
  } else {
    const where = read.path === '' ? 'params' : read.path;
    const message = `Invalid notification ${method}: ${where} must be ${read.expected}, got ${read.received}`;
    ports.report(failure('protocol', 'MCP_INVALID_MESSAGE', message, { details: { method, ...detailsOf(read) } }));
  }
}

/** Passes a notification with valid parameters to the request that it belongs to, or to the user. */
function passNotification(ports: InboundPorts, method: string, params: Params | undefined): void {
  if (method === 'notifications/progress') {
    ports.requests.inFlight.progressed(params as unknown as ProgressNotificationParams);
  } else if (method === 'notifications/cancelled') {
    const cancelled = params as unknown as CancelledNotificationParams;
    // A legacy server cancels its own requests, which have ids of their own.
    if (ports.era() === 'modern') ports.requests.inFlight.cancelledByPeer(cancelled);
    else ports.serverRequests?.cancelled(cancelled.requestId);
  } else {
    if (method === 'notifications/elicitation/complete') {
      ports.requests.inFlight.visited((params as unknown as ElicitationCompleteNotificationParams).elicitationId);
    }
    const meta = params?._meta as Readonly<Record<string, unknown>> | undefined;
    const subscription = meta?.[META.subscriptionId];
    const notice =
      subscription === undefined ? 'wanted' : ports.requests.inFlight.noticed(subscription, method, params);
    if (notice === 'unwanted') ports.report(notSubscribed(method));
    if (notice !== 'wanted') return;
  }
  ports.notified(method, params);
}

function notSubscribed(method: string): Failure {
  const message = `The server sent ${method}, which no open subscription includes`;
  return failure('protocol', 'MCP_INVALID_MESSAGE', message, { details: { method } });
}

function receiveRequest(
  ports: InboundPorts,
  { id, method, params }: JSONRPCRequest,
  about: MessageOrigin | undefined,
): void {
  ports.requests.frames.add('request from the server', method, ports.now());
  // A modern server must not send requests, and a response would break the framing of the stream.
  if (ports.era() === 'modern') {
    const message = `The server sent the request ${safeText(method, 80)}, which modern servers must not`;
    ports.report(failure('protocol', 'MCP_INVALID_MESSAGE', message, { details: { method } }));
  } else if (!ports.mayReply()) {
    return;
  } else if (method === 'ping') {
    ports.send({ jsonrpc: '2.0', id, result: {} });
  } else if (ports.serverRequests === undefined) {
    ports.send(methodNotFound(id, method));
  } else {
    ports.serverRequests.receive({ id, method, params, about });
  }
}
