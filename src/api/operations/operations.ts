import { RequestFailure } from '../../machines/request/outcome.js';
import type { ConnectionFacts, ConnectionWish } from '../../machines/connection/connection-context.js';
import type { ProbeResult } from '../../machines/health/health-check.js';
import type { TimeLimit } from '../../machines/subscription/watched-resources.js';
import type { Failure } from '../../util/failure.js';
import type { Params } from '../../protocol/messages/json-rpc.js';
import { refusalOf, methodEntry } from '../../protocol/methods.js';
import { isLoggingLevel } from '../../protocol/checks/notification-checks.js';
import type {
  CompleteRequestParams,
  CompleteResult,
  GetPromptResult,
  LoggingLevel,
  ReadResourceResult,
} from '../../protocol/schema/index.js';
import type { Session } from '../../protocol/session.js';
import type { ConnectionErrors } from '../connection-errors.js';
import { checkCallOptions, CONNECT_OPTIONS, REQUEST_OPTIONS } from '../options/call-options.js';
import type { ConnectOptions, RequestOptions, SubmitOptions } from '../options/call-options.js';
import { invalidOption } from '../../option-checks.js';
import type { ResolvedOptions } from '../options/options.js';
import { checkCompletion, checkText, checkTexts } from './call-arguments.js';

const A_URI = 'the URI of a resource';

/** What operations of a single request use of a client. */
interface Requester {
  request(method: string, params: Params | undefined, options?: SubmitOptions): Promise<object>;
}

/** What the operations use of a client that depend on the era, or change the desired subscriptions and log level. */
interface SessionClient extends Requester {
  readonly connection: {
    readonly facts: Pick<ConnectionFacts, 'desired'>;
    send(event: ConnectionWish): void;
    watch(uri: string, limit: TimeLimit, signal: AbortSignal | undefined): Promise<Failure | undefined>;
    unwatch(uri: string): void;
  };
  readonly options: Pick<ResolvedOptions, 'environment' | 'timeout' | 'maxTotalTimeout'>;
  readonly errors: Pick<ConnectionErrors, 'of' | 'failureOfCall'>;
  established(options: ConnectOptions, method: string, params: Params | undefined): Promise<Session>;
}

/** What {@link ping} uses of a client. */
interface Prober {
  readonly errors: Pick<ConnectionErrors, 'ofRequest'>;
  session(): Session;
  probe(options: ConnectOptions): Promise<ProbeResult>;
}

/** Reads a resource. 2026-07-28 server/resources. */
export async function readResource(
  client: Requester,
  uri: string,
  options?: RequestOptions,
): Promise<ReadResourceResult> {
  checkText('uri', A_URI, uri);
  checkCallOptions('readResource', options, REQUEST_OPTIONS);
  return (await client.request('resources/read', { uri }, options)) as ReadResourceResult;
}

/** Gets a prompt. 2026-07-28 server/prompts. */
export async function getPrompt(
  client: Requester,
  name: string,
  args: Readonly<Record<string, string>> | undefined,
  options?: RequestOptions,
): Promise<GetPromptResult> {
  checkText('name', 'the name of a prompt', name);
  checkTexts('args', args);
  checkCallOptions('getPrompt', options, REQUEST_OPTIONS);
  const params = args === undefined ? { name } : { name, arguments: args };
  return (await client.request('prompts/get', params, options)) as unknown as GetPromptResult;
}

/** Completes an argument. 2026-07-28 server/utilities/completion. */
export async function complete(
  client: Requester,
  params: Pick<CompleteRequestParams, 'ref' | 'argument' | 'context'>,
  options?: RequestOptions,
): Promise<CompleteResult['completion']> {
  checkCompletion(params);
  checkCallOptions('complete', options, REQUEST_OPTIONS);
  const { completion } = (await client.request(
    'completion/complete',
    { ...params },
    options,
  )) as unknown as CompleteResult;
  return completion;
}

/** Sends any request of the user, without validation of the result. */
export async function request(
  client: Requester,
  method: string,
  params: Params | undefined,
  options: RequestOptions | undefined,
): Promise<object> {
  checkCallOptions('request', options, REQUEST_OPTIONS);
  return client.request(method, params, { ...options, unchecked: true });
}

/** Subscribes to a resource, with the method of the era. */
export async function subscribe(client: SessionClient, uri: string, options: RequestOptions = {}): Promise<void> {
  // In the modern era all resources share one subscription, so an invalid URI would break them all.
  checkText('uri', A_URI, uri);
  checkCallOptions('subscribe', options, REQUEST_OPTIONS);
  const method = 'resources/subscribe';
  const params = { uri };
  const limit = timeLimit(client, options);
  const session = await client.established(options, method, params);
  const refusal = refusalOf(method, { ...methodEntry(method), only: session.era }, session);
  if (refusal !== undefined) throw client.errors.of(client.errors.failureOfCall(refusal, method, params));
  const { connection } = client;
  if (session.era === 'modern') {
    const problem = await connection.watch(uri, limit, options.signal);
    if (problem !== undefined) throw client.errors.of(client.errors.failureOfCall(problem, method, params));
  } else {
    await client.request(method, params, options);
    const { resources } = connection.facts.desired;
    if (!resources.includes(uri)) connection.send({ type: 'desire', desired: { resources: [...resources, uri] } });
  }
}

/** The timeout and deadline of a subscription. */
function timeLimit(client: Pick<SessionClient, 'options'>, options: RequestOptions): TimeLimit {
  const { environment, timeout, maxTotalTimeout = Infinity } = client.options;
  const shorter = Math.min(options.timeout ?? timeout, options.maxTotalTimeout ?? maxTotalTimeout);
  return { timeout: shorter, deadline: environment.now() + shorter };
}

/** Unsubscribes from a resource, with the method of the era. */
export async function unsubscribe(client: SessionClient, uri: string, options: RequestOptions = {}): Promise<void> {
  checkText('uri', A_URI, uri);
  checkCallOptions('unsubscribe', options, REQUEST_OPTIONS);
  const method = 'resources/unsubscribe';
  const params = { uri };
  const session = await client.established(options, method, params);
  client.connection.unwatch(uri);
  if (session.era === 'legacy') await client.request(method, params, options);
}

/** Sets the minimum level of log messages, with the method of the era. */
export async function setLogLevel(
  client: SessionClient,
  level: LoggingLevel,
  options: RequestOptions = {},
): Promise<void> {
  // In the modern era every request contains the level, so an invalid one would break them all.
  if (!isLoggingLevel(level)) throw invalidOption('level', 'a log level', level);
  checkCallOptions('setLogLevel', options, REQUEST_OPTIONS);
  const method = 'logging/setLevel';
  const session = await client.established(options, method, undefined);
  const refusal = refusalOf(method, { ...methodEntry(method), only: session.era }, session);
  if (refusal !== undefined) throw client.errors.of(refusal);
  if (session.era === 'legacy') await client.request(method, { level }, options);
  client.connection.send({ type: 'desire', desired: { logLevel: level } });
}

/** Sends a probe and resolves with its round-trip time, in ms. */
export async function ping(client: Prober, options: ConnectOptions = {}): Promise<number> {
  checkCallOptions('ping', options, CONNECT_OPTIONS);
  client.session();
  const probe = await client.probe(options);
  if (probe.outcome instanceof RequestFailure && !probe.ok) throw client.errors.ofRequest(probe.outcome);
  return probe.latency;
}
