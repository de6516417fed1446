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

/** Where incoming messages go. */
export interface InboundPorts {
  readonly requests: RequestRegistry;
  /** What the server asks; undefined when nobody answers. */
  readonly questions: ServerRequests | undefined;
  /** Whether the server reads what it is sent. If not, what it asks for is not answered, and that is reported. */
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

/** Makes the function that takes in what the server sends: one JSON value at a time. It never throws. */
export function receiver(ports: InboundPorts): (value: unknown, about?: MessageOrigin) => void {
  const { inFlight } = ports.requests;
  return (value, about) => {
    try {
      ports.requests.heard();
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
      receiveAnswer(ports, message as Response);
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
    if (ports.requests.inFlight.spoiled({ ...problem, delivery: 'answered', details })) return;
  }
  ports.report(problem);
  const isRequest = method !== undefined && method !== null && ports.era() !== 'modern';
  if (isRequest && (isRequestId(id) || typeof id === 'number') && ports.mayReply())
    ports.send(invalidRequest(id, decisive));
}

function receiveAnswer(ports: InboundPorts, answer: Response): void {
  if (ports.requests.inFlight.answered(answer)) return;
  if ('error' in answer && ports.era() === undefined && ports.requests.inFlight.complained(answer)) return;
  if ('error' in answer && (answer.id === undefined || answer.id === null)) {
    const { code, message } = answer.error;
    ports.report(
      failure('protocol', 'MCP_RPC_ERROR', `The server complained about a message: ${message}`, { errorCode: code }),
    );
    return;
  }
  ports.report(
    failure(
      'protocol',
      'MCP_UNKNOWN_RESPONSE',
      'An answer came for which nobody waits: it is late, repeated, or has a wrong id',
      {
        details: { id: answer.id },
      },
    ),
  );
}

function receiveNotification(ports: InboundPorts, { method, params }: JSONRPCNotification): void {
  ports.requests.frames.add('notification from the server', method, ports.now());
  const read = readParams(method, params);
  if (read === undefined) {
    takeNotification(ports, method, params);
  } else if ('value' in read) {
    takeNotification(ports, method, read.value);
    for (const fault of read.warnings) ports.tolerate(fault);
  } else {
    const where = read.path === '' ? 'params' : read.path;
    const message = `Invalid notification ${method}: ${where} must be ${read.expected}, got ${read.received}`;
    ports.report(failure('protocol', 'MCP_INVALID_MESSAGE', message, { details: { method, ...detailsOf(read) } }));
  }
}

/** Hands a notification whose parameters passed their check to the request that it concerns, or to the user. */
function takeNotification(ports: InboundPorts, method: string, params: Params | undefined): void {
  if (method === 'notifications/progress') {
    ports.requests.inFlight.progressed(params as unknown as ProgressNotificationParams);
  } else if (method === 'notifications/cancelled') {
    const cancelled = params as unknown as CancelledNotificationParams;
    // What a legacy server calls off is a question of its own: either side numbers its own requests.
    if (ports.era() === 'modern') ports.requests.inFlight.cancelledByPeer(cancelled);
    else ports.questions?.cancelled(cancelled.requestId);
  } else {
    if (method === 'notifications/elicitation/complete') {
      ports.requests.inFlight.visited((params as unknown as ElicitationCompleteNotificationParams).elicitationId);
    }
    const meta = params?._meta as Readonly<Record<string, unknown>> | undefined;
    const subscription = meta?.[META.subscriptionId];
    const notice =
      subscription === undefined ? 'wanted' : ports.requests.inFlight.noticed(subscription, method, params);
    if (notice === 'unwanted') ports.report(notAskedFor(method));
    if (notice !== 'wanted') return;
  }
  ports.notified(method, params);
}

function notAskedFor(method: string): Failure {
  const message = `The server announced ${method}, which no subscription that is open asked for`;
  return failure('protocol', 'MCP_INVALID_MESSAGE', message, { details: { method } });
}

function receiveRequest(
  ports: InboundPorts,
  { id, method, params }: JSONRPCRequest,
  about: MessageOrigin | undefined,
): void {
  ports.requests.frames.add('request from the server', method, ports.now());
  // A modern server has no requests to make, and a client that answers one breaks the framing of the stream.
  if (ports.era() === 'modern') {
    const message = `The server sent the request ${safeText(method, 80)}, which modern servers must not`;
    ports.report(failure('protocol', 'MCP_INVALID_MESSAGE', message, { details: { method } }));
  } else if (!ports.mayReply()) {
    return;
  } else if (method === 'ping') {
    ports.send({ jsonrpc: '2.0', id, result: {} });
  } else if (ports.questions === undefined) {
    ports.send(methodNotFound(id, method));
  } else {
    ports.questions.asked({ id, method, params, about });
  }
}
