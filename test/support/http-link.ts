import type { Authorizer } from '../../src/auth/authorizer.js';
import type { EstablishedSession, Link, SignInNews } from '../../src/transports/link.js';
import type { HttpTransport } from '../../src/index.js';
import type { JSONRPCMessage } from '../../src/protocol/messages/json-rpc.js';
import type { Failure } from '../../src/util/failure.js';
import { LinkRecorder } from './link-recorder.js';
import type { Environment } from '../../src/util/environment.js';
import { rejection } from './outcomes.js';

/** A request, as it is sent. */
export function request(id: string | number, method: string, params: Record<string, unknown> = {}): JSONRPCMessage {
  return { jsonrpc: '2.0', id, method, params };
}

/** A request of the modern era. */
export function modernRequest(
  id: string | number,
  method: string,
  params: Record<string, unknown> = {},
): JSONRPCMessage {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
  return request(id, method, { ...params, _meta });
}

/** A link, and everything that its owner heard. */
export class OpenedLink {
  readonly recorder: LinkRecorder;
  /** What was told about streams and sessions, in order. */
  readonly news: string[] = [];
  link!: Link;

  private constructor(environment?: Environment) {
    this.recorder = new LinkRecorder(environment);
  }

  /** @param authorizer the source of credentials, for a transport without the option `auth` */
  static async open(transport: HttpTransport, environment?: Environment, authorizer?: Authorizer): Promise<OpenedLink> {
    const opened = new OpenedLink(environment);
    const events = {
      ...opened.recorder.events,
      authorizer,
      sessionLost: () => {
        opened.news.push('lost');
      },
      interrupted: (id: unknown) => {
        opened.news.push(`interrupted ${String(id)}`);
      },
      resumed: (id: unknown) => {
        opened.news.push(`resumed ${String(id)}`);
      },
      signIn: (news: SignInNews) => {
        opened.news.push('requestId' in news ? `${news.type} ${String(news.requestId)}` : news.type);
      },
    };
    opened.link = await transport.openLink(events, new AbortController().signal);
    return opened;
  }

  /** Shakes hands, as a client of a legacy server does. */
  async shakeHands(session: Partial<EstablishedSession> = {}): Promise<void> {
    await this.link.send(request('handshake', 'initialize', { protocolVersion: '2025-11-25' }));
    this.link.established?.({ era: 'legacy', protocolVersion: '2025-11-25', ...session });
    await this.link.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  /** What a send fails with. */
  async failureOf(message: JSONRPCMessage): Promise<Failure> {
    return (await rejection(Promise.resolve(this.link.send(message)))) as Failure;
  }
}
