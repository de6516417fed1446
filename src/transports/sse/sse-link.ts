import type { TimerHandle } from '../../util/environment.js';
import { failure, isFailure, withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { legacyVersionHeaders } from '../../protocol/http-headers.js';
import type { JSONRPCMessage, RequestId } from '../../protocol/messages/json-rpc.js';
import { messageText } from '../../protocol/messages/message-text.js';
import { EventStream, STREAM_HEADERS } from '../http/event-stream.js';
import type { StreamEvent } from '../http/event-stream.js';
import { parseJson } from '../http/http-body.js';
import type { HttpCall, HttpReceiver } from '../http/http-call.js';
import { HttpEndpoint } from '../http/http-endpoint.js';
import type { EndpointOptions } from '../endpoint-options.js';
import {
  authenticationFailure,
  INITIALIZED_TIMEOUT,
  initializedUnanswered,
  isAboutAuthentication,
  linkClosed,
  shownUrl,
  statusFailure,
  wrongContent,
} from '../http/http-failures.js';
import { contentKind } from '../http/http-head.js';
import type { ResponseHead } from '../http/http-head.js';
import { MOST_WAITING, postOf, tooManyPosts } from '../http/http-posts.js';
import { rejectedWith } from '../link.js';
import type { EstablishedSession, Link, LinkEvents } from '../link.js';
import { PostLane } from '../http/post-lane.js';
import { SsePost } from './sse-post.js';
import { safeText } from '../../util/printable.js';

/** The endpoints of a server of HTTP+SSE. */
export interface SseRecipe {
  /** The endpoint of the stream. */
  readonly stream: EndpointOptions;
  /** The endpoint for posts. Default: the URL of the `endpoint` event, with the headers of the stream. */
  readonly post?: Pick<EndpointOptions, 'url' | 'headers'> | undefined;
}

const LISTENING = [...STREAM_HEADERS, 'cache-control', 'no-store'];

/** The promise of the URL for posts. It rejects if the link cannot be opened. */
interface Opening {
  readonly resolve: (postUrl: URL) => void;
  readonly reject: (reason: Error) => void;
}

/** How many requests are posted at the same time. More if the server responds to a post only when it has handled the request. */
const MOST_REQUESTS = 64;

/**
 * A link over HTTP+SSE (2024-11-05 basic/transports): one event stream from the server, and posts to it. The first event contains the URL for
 * posts. All messages of the server arrive on the stream, and the session ends with it.
 */
export class SseLink implements Link, HttpReceiver {
  readonly #recipe: SseRecipe;
  readonly #events: LinkEvents;
  readonly #endpoint: HttpEndpoint;
  readonly #stream: EventStream;
  readonly #call: HttpCall;
  /** Settles the opening of the link; undefined afterwards. */
  #opening: Opening | undefined;
  #posts: HttpEndpoint | undefined;
  #versionHeaders: readonly string[] = [];
  /** A reply must not wait behind requests that wait for it. */
  readonly #requests: PostLane<SsePost>;
  readonly #others: PostLane<SsePost>;
  /** The requests whose posts have not been answered. */
  readonly #byId = new Map<RequestId, SsePost>();
  /** The post of `notifications/initialized`: other posts wait for its response or its timeout. */
  #barrier: SsePost | undefined;
  #barrierTimer: TimerHandle;
  #end: Failure | undefined;
  /** Whether opening failed; later events of the stream are ignored. */
  #refused = false;
  #closing: Promise<void> | undefined;

  private constructor(recipe: SseRecipe, events: LinkEvents, endpoint: HttpEndpoint, opening: Opening) {
    this.#recipe = recipe;
    this.#events = events;
    this.#endpoint = endpoint;
    const { calls, posts } = endpoint.shares;
    const { environment } = events;
    const start = (post: SsePost): void => {
      this.#start(post);
    };
    this.#requests = new PostLane(environment, start, Math.min(MOST_REQUESTS, calls), calls);
    this.#others = new PostLane(environment, start, posts);
    this.#opening = opening;
    this.#stream = new EventStream(
      {
        event: (event) => {
          this.#event(event);
        },
        tooLarge: (problem) => {
          if (this.#closing === undefined) events.problem(problem);
        },
      },
      endpoint.maxMessageBytes,
      endpoint.budget,
    );
    this.#call = endpoint.call({ method: 'GET', headers: LISTENING, purpose: 'probe' }, this);
    this.#call.start();
  }

  /**
   * Opens the stream and reads the URL for posts from its first event. Rejects with a failure, or with the reason of `signal`; then all resources
   * are released. If the server does not use HTTP+SSE, the failure has a status, a content type, or another first event.
   */
  static async open(recipe: SseRecipe, events: LinkEvents, signal: AbortSignal): Promise<SseLink> {
    const endpoint = await HttpEndpoint.open(recipe.stream);
    signal.throwIfAborted();
    let opening!: Opening;
    const opened = new Promise<URL>((resolve, reject) => {
      opening = { resolve, reject };
    });
    const stop = (): void => {
      opening.reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
    const link = new SseLink(recipe, events, endpoint, opening);
    try {
      const url = await opened;
      const headers = recipe.post?.headers ?? recipe.stream.headers;
      link.#posts = await HttpEndpoint.open({ ...recipe.stream, url, headers });
      signal.throwIfAborted();
      return link;
    } catch (thrown) {
      await link.close();
      throw thrown;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** The URL for posts. */
  get postUrl(): string | undefined {
    return this.#posts?.url.href;
  }

  head(head: ResponseHead): void {
    const { url } = this.#call;
    if (head.status < 200 || head.status > 299) this.#refuse(this.#refusal(url, head));
    else if (contentKind(head) !== 'events') this.#refuse(wrongContent(url, head));
    else if (this.#recipe.post !== undefined) this.#opened(this.#recipe.post.url);
  }

  #refusal(url: URL, head: ResponseHead): Failure {
    if (isAboutAuthentication(head)) return authenticationFailure(url, head, this.#call.authorized);
    return statusFailure(url, head, this.#events.environment.now());
  }

  #opened(postUrl: URL): void {
    this.#opening?.resolve(postUrl);
    this.#opening = undefined;
  }

  /** Rejects the opening of the link. */
  #refuse(reason: Failure): void {
    const thrown: Error = withDelivery(reason, 'not-sent') as unknown as Error;
    this.#opening?.reject(thrown);
    this.#opening = undefined;
    this.#refused = true;
  }

  chunk(bytes: Buffer): void {
    this.#stream.feed(bytes);
  }

  #event({ type, data }: StreamEvent): void {
    if (this.#closing !== undefined) return;
    if (this.#opening !== undefined) {
      this.#firstEvent(type, data);
      return;
    }
    // The revision has no other types. A second `endpoint` would belong to another session.
    if (type !== 'message') return;
    const parsed = parseJson(data);
    if (isFailure(parsed)) this.#events.problem(parsed);
    else this.#events.message(parsed.value);
  }

  #firstEvent(type: string, data: string): void {
    const { url } = this.#call;
    const judged =
      type === 'endpoint' ? endpointOf(data, url) : notAnEndpoint(url, `began with the event "${safeText(type, 80)}"`);
    if (judged instanceof URL) this.#opened(judged);
    else this.#refuse(judged);
  }

  end(): void {
    const how = this.#stream.end() ? 'ended in the middle of an event' : 'ended';
    this.failed(
      failure('transport', 'MCP_STREAM_BROKEN', `The stream of ${shownUrl(this.#call.url)} ${how}`, {
        delivery: 'unknown',
        details: { url: shownUrl(this.#call.url) },
      }),
    );
  }

  failed(reason: Failure): void {
    if (this.#opening === undefined) this.#lose(reason);
    else this.#refuse(reason);
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (this.#end !== undefined || this.#posts === undefined) return rejectedWith(this.#end ?? linkClosed('not-sent'));
    const body = messageText(message);
    if (typeof body !== 'string') return rejectedWith(body);
    const post = new SsePost(message, body);
    const lane = this.#laneOf(post);
    const { budget } = this.#endpoint;
    if (lane === this.#others && lane.waiting >= MOST_WAITING) return rejectedWith(tooManyPosts());
    if (budget?.take(body.length) === false) return rejectedWith(budget.exhausted(postOf(body), 'not-sent'));
    const { id, isRequest } = post;
    if (isRequest && id !== undefined) this.#byId.set(id, post);
    const settled = (): void => {
      budget?.give(body.length);
      if (isRequest && id !== undefined && this.#byId.get(id) === post) this.#byId.delete(id);
    };
    post.done.then(settled, settled);
    lane.add(post);
    return post.done;
  }

  #laneOf(post: SsePost): PostLane<SsePost> {
    return post.isRequest ? this.#requests : this.#others;
  }

  #start(post: SsePost): void {
    if (post.method === 'notifications/initialized') this.#raiseBarrier(post);
    post.start(this.#posts as HttpEndpoint, this.#versionHeaders, {
      answered: (trouble) => {
        if (trouble !== undefined && endsTheSession(trouble)) this.#lose(trouble);
        else if (post === this.#barrier) this.#liftBarrier();
      },
      over: () => {
        this.#laneOf(post).ended(post);
      },
      parked: () => {
        this.#laneOf(post).park(post);
        this.#reportSignIn(post, 'request.parked');
      },
      unparked: () => {
        this.#laneOf(post).unpark(post);
        this.#reportSignIn(post, 'request.unparked');
      },
    });
  }

  #reportSignIn({ isRequest, id }: SsePost, type: 'request.parked' | 'request.unparked'): void {
    if (isRequest && id !== undefined) this.#events.signIn({ type, requestId: id });
  }

  #raiseBarrier(post: SsePost): void {
    this.#barrier = post;
    this.#others.hold();
    this.#requests.hold();
    this.#barrierTimer = this.#events.environment.setTimeout(() => {
      this.#events.problem(initializedUnanswered(this.#posts?.url ?? this.#endpoint.url));
      post.waive();
    }, INITIALIZED_TIMEOUT);
  }

  #liftBarrier(): void {
    this.#barrier = undefined;
    this.#events.environment.clearTimeout(this.#barrierTimer);
    this.#others.release();
    this.#requests.release();
  }

  established({ protocolVersion }: EstablishedSession): void {
    this.#versionHeaders = legacyVersionHeaders(protocolVersion);
  }

  cancelUnsent(requestId: RequestId): boolean {
    const post = this.#byId.get(requestId);
    if (post === undefined || post.sent) return false;
    post.abort(linkClosed('not-sent'));
    this.#requests.ended(post);
    return true;
  }

  /** Ends a link whose stream has ended, and reports it. */
  #lose(reason: Failure): void {
    if (this.#closing !== undefined || this.#refused) return;
    void this.#finish(reason);
    // The promises of unsent messages reject first.
    queueMicrotask(() => {
      this.#events.closed(reason);
    });
  }

  close(): Promise<void> {
    return this.#finish(linkClosed('not-sent'));
  }

  #finish(reason: Failure): Promise<void> {
    return (this.#closing ??= this.#close(reason));
  }

  async #close(reason: Failure): Promise<void> {
    this.#end = withDelivery(this.#endpoint.secrets.failure(reason), 'not-sent');
    this.#call.abort();
    this.#stream.end();
    this.#events.environment.clearTimeout(this.#barrierTimer);
    for (const lane of [this.#requests, this.#others]) {
      for (const post of lane.clear()) post.abort(reason);
    }
    await Promise.all([this.#endpoint.close(), this.#posts?.close()]);
  }
}

/** The URL for posts from the `endpoint` event, or the reason why it is refused. */
function endpointOf(data: string, streamUrl: URL): URL | Failure {
  if (!URL.canParse(data, streamUrl.href)) return notAnEndpoint(streamUrl, 'named an endpoint that is no URL');
  const url = new URL(data, streamUrl);
  if (url.origin !== streamUrl.origin || url.origin === 'null') {
    const [from, to] = [streamUrl.origin, url.origin === 'null' ? url.protocol : url.origin];
    const message = `${from} wants messages posted to another origin, ${to}, which is refused`;
    return failure('transport', 'MCP_REDIRECT_REFUSED', message, { delivery: 'not-sent', details: { from, to } });
  }
  url.hash = '';
  url.username = '';
  url.password = '';
  return url;
}

function notAnEndpoint(url: URL, what: string): Failure {
  const message = `The stream of ${shownUrl(url)} ${what}; HTTP+SSE begins with the event "endpoint"`;
  return failure('protocol', 'MCP_INVALID_MESSAGE', message, {
    delivery: 'not-sent',
    details: { url: shownUrl(url), field: 'endpoint' },
  });
}

/** Whether messages cannot be posted any more although the stream is open: the server is not there, or knows the session no longer. */
function endsTheSession({ kind, delivery, details }: Failure): boolean {
  if (kind !== 'transport') return false;
  const { status } = details ?? {};
  return status === undefined ? delivery !== 'answered' : status === 404 || status === 410;
}
