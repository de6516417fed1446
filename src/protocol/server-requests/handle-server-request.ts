import type { CheckProblem } from '../checks/problem.js';
import { detailsOf, isObject, problem, within } from '../checks/problem.js';
import { repaired } from '../checks/repair.js';
import { failure, isInstance } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { contentProblem, withDefaults } from './elicitation-forms.js';
import { ErrorCode } from '../messages/json-rpc.js';
import type { Params } from '../messages/json-rpc.js';
import {
  checkCreateMessageParams,
  checkCreateMessageResult,
  checkElicitParams,
  checkRoots,
  isUrlElicitation,
} from '../checks/server-request-checks.js';
import { formWarnings, pageWarnings } from '../checks/server-request-warnings.js';
import { ServerRequestRefusal } from './server-requests.js';
import type {
  Asker,
  ServerRequest,
  HandlerResponse,
  ServerRequestContext,
  ServerRequestHandlers,
} from './server-requests.js';
import type {
  CreateMessageRequestParams,
  ElicitRequestFormParams,
  ElicitRequestParams,
  ElicitRequestURLParams,
} from '../schema/index.js';
import { askUserFunction, handlerFailed } from '../../util/user-function.js';
import { safeText } from '../../util/printable.js';

/** A checked server request with its handler. */
interface Asked {
  /** Calls the handler. */
  readonly ask: (context: ServerRequestContext) => unknown;
  readonly warnings?: readonly string[];
  /** Checks the result of the handler and returns the reply to the server, or the problem. */
  readonly finish: (returned: unknown) => Params | Wrong;
}

/** An invalid result of a handler. */
class Wrong {
  constructor(readonly problem: CheckProblem) {}
}

/**
 * Handles a server request of either era: checks it, calls the handler, then checks and completes its result. Never rejects. An error of the
 * handler stays on this side, in `failure`; the server gets a generic error. If the signal is aborted, the reply is an error at once. `settled`
 * is called when the handler has settled, even after an abort, or was not called. 2026-07-28 client/elicitation, client/sampling, client/roots.
 */
export async function handleServerRequest(
  { method, params }: ServerRequest,
  handlers: ServerRequestHandlers,
  asker: Asker,
  signal: AbortSignal,
  settled: () => void = () => undefined,
): Promise<HandlerResponse> {
  let asked: Asked | HandlerResponse;
  try {
    asked = recognise(method, params ?? {}, handlers, asker);
  } catch (thrown) {
    // For instance, the parameters are nested deeper than the stack.
    settled();
    return unanswered(handlerFailed(method, thrown));
  }
  if (isAnswer(asked) || signal.aborted) settled();
  if (isAnswer(asked)) return asked;
  const { ask, finish, warnings = [] } = asked;
  const context: ServerRequestContext = { ...asker, signal, method, warnings, refuse };
  let returned: unknown;
  try {
    returned = await askUserFunction(() => watched(() => ask(context), settled), signal);
  } catch (thrown) {
    if (signal.aborted) return withdrawn(method);
    return isInstance(thrown, ServerRequestRefusal)
      ? refused(method, thrown)
      : unanswered(handlerFailed(method, thrown));
  }
  try {
    const result = finish(plain(returned));
    return result instanceof Wrong ? unanswered(wrongAnswer(method, result.problem)) : { result };
  } catch (thrown) {
    // The result is not JSON, or throws when it is read.
    return unanswered(handlerFailed(method, thrown));
  }
}

/** Calls a handler and returns its result. Calls `settled` when it has settled. */
function watched(ask: () => unknown, settled: () => void): Promise<unknown> {
  const answering = new Promise<unknown>((resolve) => {
    resolve(ask());
  });
  answering.then(settled, settled);
  return answering;
}

/** A copy of the result as JSON, which the handler cannot change later. */
function plain(returned: unknown): unknown {
  const text = JSON.stringify(returned) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

function recognise(
  method: string,
  params: Params,
  handlers: ServerRequestHandlers,
  asker: Asker,
): Asked | HandlerResponse {
  switch (method) {
    case 'sampling/createMessage':
      return recogniseSampling(params, handlers.sampling, asker);
    case 'elicitation/create':
      return recogniseElicitation(params, handlers.elicitation);
    case 'roots/list':
      return recogniseRoots(handlers.roots);
    default:
      return notServed(method);
  }
}

function recogniseSampling(
  params: Params,
  sampling: ServerRequestHandlers['sampling'],
  { protocolVersion }: Asker,
): Asked | HandlerResponse {
  const method = 'sampling/createMessage';
  if (sampling === undefined) return notServed(method);
  const read = repaired(params, checkCreateMessageParams);
  if (!('faults' in read)) return invalidParams(method, read);
  const wanted = read.value as CreateMessageRequestParams;
  if (!sampling.tools && (wanted.tools != null || wanted.toolChoice != null)) {
    return notOffered(method, 'sampling.tools');
  }
  const { includeContext } = wanted;
  const foreign = !sampling.context && includeContext != null && includeContext !== 'none';
  const given: CreateMessageRequestParams = foreign ? { ...wanted, includeContext: 'none' } : wanted;
  return {
    ask: (context) => sampling.createMessage(given, context),
    finish: (returned) => samplingResult(returned, protocolVersion >= '2025-11-25'),
  };
}

/** Before 2025-11-25 the content was a single block. */
function samplingResult(returned: unknown, severalBlocks: boolean): Params | Wrong {
  const found = checkCreateMessageResult(returned);
  if (found !== undefined) return new Wrong(found);
  const result = returned as Params;
  const { content } = result;
  if (severalBlocks || !Array.isArray(content)) return result;
  if (content.length === 1) return { ...result, content: content[0] as unknown };
  return new Wrong(problem('content', 'one block in this revision of the protocol', content));
}

function recogniseElicitation(
  params: Params,
  elicitation: ServerRequestHandlers['elicitation'],
): Asked | HandlerResponse {
  const method = 'elicitation/create';
  if (elicitation === undefined) return notServed(method);
  const { form, url } = elicitation;
  if (params.mode === 'url' && url === undefined) return notOffered(method, 'elicitation.url');
  if (params.mode !== 'url' && form === undefined) return notOffered(method, 'elicitation.form');
  const read = repaired(params, checkElicitParams);
  if (!('faults' in read)) return invalidParams(method, read);
  const wanted = read.value as ElicitRequestParams;
  return isUrlElicitation(wanted) ? page(wanted, url) : filledIn(wanted, form);
}

function page(params: ElicitRequestURLParams, url: NonNullable<ServerRequestHandlers['elicitation']>['url']): Asked {
  return {
    ask: (context) => url?.(params, context),
    warnings: pageWarnings(params),
    finish: (returned) => elicitResult(returned, () => undefined),
  };
}

function filledIn(
  params: ElicitRequestFormParams,
  form: NonNullable<ServerRequestHandlers['elicitation']>['form'],
): Asked {
  return {
    ask: (context) => form?.(params, context),
    warnings: formWarnings(params),
    finish: (returned) =>
      elicitResult(returned, (content) => {
        if (!isObject(content)) return new Wrong(problem('content', 'an object', content));
        const complete = withDefaults(params.requestedSchema, content as Record<string, string>);
        const found = contentProblem(params.requestedSchema, complete);
        return found === undefined ? complete : new Wrong(found);
      }),
  };
}

/** Only an accepted form has content. */
function elicitResult(returned: unknown, accepted: (content: unknown) => Params | Wrong | undefined): Params | Wrong {
  if (!isObject(returned)) return new Wrong(problem('', 'an object', returned));
  const { action, content = {}, _meta } = returned;
  if (action !== 'accept' && action !== 'decline' && action !== 'cancel') {
    return new Wrong(problem('action', '"accept", "decline" or "cancel"', action));
  }
  if (_meta !== undefined && !isObject(_meta)) return new Wrong(problem('_meta', 'an object', _meta));
  const complete = action === 'accept' ? accepted(content) : undefined;
  if (complete instanceof Wrong) return complete;
  return {
    action,
    ...(complete !== undefined && { content: complete }),
    ...(_meta !== undefined && { _meta }),
  };
}

function recogniseRoots(roots: ServerRequestHandlers['roots']): Asked | HandlerResponse {
  if (roots === undefined) return notServed('roots/list');
  return {
    ask: (context) => (typeof roots === 'function' ? roots(context) : roots),
    finish: (returned) => {
      const found = checkRoots(returned);
      return found === undefined ? { roots: returned } : new Wrong(within('roots', found));
    },
  };
}

function refuse(reason: string, code = -1): ServerRequestRefusal {
  return new ServerRequestRefusal(String(reason), Number.isInteger(code) ? code : -1);
}

function isAnswer(value: Asked | HandlerResponse): value is HandlerResponse {
  return 'error' in value || 'result' in value;
}

/** The reply if the whole capability is missing. */
function notServed(method: string): HandlerResponse {
  const required = method.slice(0, method.indexOf('/'));
  const message = `This client does not support ${method.slice(0, 80)}`;
  return { error: { code: ErrorCode.MethodNotFound, message }, failure: missing(method, required) };
}

/** The reply if a part of a capability is missing. 2025-11-25 client/elicitation, "Error Handling". */
function notOffered(method: string, required: string): HandlerResponse {
  const message = `This client did not declare the capability ${required}`;
  return { error: { code: ErrorCode.InvalidParams, message }, failure: missing(method, required) };
}

function missing(method: string, required: string): Failure {
  const message = `The server sent ${safeText(method, 80)}, for which this client does not have the capability ${required}`;
  return failure('capability', 'MCP_CAPABILITY_MISSING', message, { details: { method, required } });
}

function invalidParams(method: string, wrong: CheckProblem): HandlerResponse {
  const message = `${wrong.path === '' ? 'params' : wrong.path} must be ${wrong.expected}, got ${wrong.received}`;
  return {
    error: { code: ErrorCode.InvalidParams, message: `Invalid params of ${method}: ${message}` },
    failure: failure('protocol', 'MCP_INVALID_MESSAGE', `Invalid server request ${method}: ${message}`, {
      details: { method, ...detailsOf(wrong) },
    }),
  };
}

/** The reply if a handler failed: a generic error. */
function unanswered(why: Failure): HandlerResponse {
  return { error: { code: ErrorCode.InternalError, message: 'The client failed to handle the request' }, failure: why };
}

function wrongAnswer(method: string, { path, expected, received }: CheckProblem): Failure {
  const where = path === '' ? 'what it returned' : path;
  const message = `The handler for ${method} returned an invalid result: ${where} must be ${expected}, got ${received}`;
  return failure('protocol', 'MCP_HANDLER_FAILED', message, { details: { handler: method, path, expected, received } });
}

function refused(method: string, { message: reason, code }: ServerRequestRefusal): HandlerResponse {
  return {
    error: { code, message: reason },
    failure: failure('protocol', 'MCP_SERVER_REQUEST_REFUSED', `${method} was refused: ${reason}`, {
      errorCode: code,
      details: { method, reason },
    }),
  };
}

function withdrawn(method: string): HandlerResponse {
  const message = `The server request ${method} was cancelled`;
  return {
    error: { code: ErrorCode.InternalError, message },
    failure: failure('protocol', 'MCP_SERVER_REQUEST_WITHDRAWN', message, { details: { method } }),
  };
}
