import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The JSON of a request or a response. */
export type Body = Readonly<Record<string, unknown>>;

/** A local server in place of a provider. It refuses a request with the problems that `check` finds, and otherwise sends the next response. */
export class ProviderServer implements AsyncDisposable {
  readonly #server: Server;
  readonly url: string;

  private constructor(
    server: Server,
    readonly requests: readonly Body[],
  ) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(check: (request: Body) => readonly string[], responses: readonly Body[]): Promise<ProviderServer> {
    const requests: Body[] = [];
    const problemsOf = (body: Body): readonly string[] => {
      try {
        return check(body);
      } catch (error) {
        return [`${String(error)} in ${JSON.stringify(body)}`];
      }
    };
    const server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        const body = JSON.parse(text) as Body;
        const problems = problemsOf(body);
        const next = problems.length > 0 ? { error: { message: problems.join('; ') } } : responses[requests.length];
        requests.push(body);
        response.writeHead(problems.length > 0 ? 400 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(next ?? {}));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ProviderServer(server, requests);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
