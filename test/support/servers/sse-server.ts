import { ScriptedHttpServer } from './http-server.js';
import type { PostedMessage, HttpVisit } from './http-server.js';

/** What differs from a server of HTTP+SSE that does everything right. */
export interface SseBehaviour {
  /** Answers a request for the stream, in place of the head and the `endpoint` event. */
  readonly greet?: (visit: HttpVisit, endpoint: string) => void;
  /** Answers a POST, in place of status 202. */
  readonly accept?: (visit: HttpVisit) => void;
  /** What a message leads to on the stream. */
  readonly serve?: (message: PostedMessage, stream: HttpVisit) => void;
}

/** A server of HTTP+SSE at `/sse`. */
export class SseServer {
  readonly http: ScriptedHttpServer;

  private constructor(http: ScriptedHttpServer) {
    this.http = http;
  }

  static async start({ greet = welcome, accept = acceptPost, serve }: SseBehaviour = {}): Promise<SseServer> {
    const streams: HttpVisit[] = [];
    const http = await ScriptedHttpServer.start((visit) => {
      if (visit.method !== 'POST') {
        greet(visit, `/messages?session=${streams.push(visit) - 1}`);
        return;
      }
      accept(visit);
      const stream = streams[Number(visit.path.split('session=')[1])];
      if (stream !== undefined) serve?.(visit.message, stream);
    });
    return new SseServer(http);
  }

  get url(): string {
    return `${this.http.origin}/sse`;
  }

  /** The streams that were asked for. */
  get streams(): HttpVisit[] {
    return this.http.visits.filter(({ method }) => method === 'GET');
  }

  /** The stream that was asked for last. */
  get stream(): HttpVisit {
    const last = this.streams.at(-1);
    if (last === undefined) throw new Error('No client has asked for a stream');
    return last;
  }

  /** The messages that were posted. */
  get posts(): HttpVisit[] {
    return this.http.visits.filter(({ method }) => method === 'POST');
  }

  close(): Promise<void> {
    return this.http.close();
  }
}

/** Opens the stream and says where to post to. */
export function welcome(visit: HttpVisit, endpoint: string): void {
  visit.stream().response.write(`event: endpoint\r\ndata: ${endpoint}\r\n\r\n`);
}

function acceptPost(visit: HttpVisit): void {
  visit.response.writeHead(202).end('Accepted');
}
