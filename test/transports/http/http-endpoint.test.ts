import { systemEnvironment } from '../../../src/util/environment.js';
import type { TokenSource } from '../../../src/index.js';
import type { Failure } from '../../../src/util/failure.js';
import type { HttpReceiver } from '../../../src/transports/http/http-call.js';
import { connectionShares } from '../../../src/transports/http/connection-shares.js';
import { HttpEndpoint } from '../../../src/transports/http/http-endpoint.js';
import { TokenAuthorizer } from '../../../src/auth/token-authorizer.js';
import { Secrets } from '../../../src/transports/secrets.js';
import { ScriptedHttpServer } from '../../support/servers/http-server.js';

let server: ScriptedHttpServer;

beforeEach(async () => {
  server = await ScriptedHttpServer.start((visit) => {
    visit.status(204);
  });
});

afterEach(async () => {
  await server.close();
});

const secrets = new Secrets();

function open(auth?: TokenSource): Promise<HttpEndpoint> {
  return HttpEndpoint.open({
    shares: connectionShares(),
    url: new URL(server.url),
    headers: [],
    timeout: 1_000,
    maxMessageBytes: 1_000,
    environment: systemEnvironment,
    authorizer:
      auth &&
      new TokenAuthorizer(auth, (token) => {
        secrets.add(token);
      }),
    secrets,
  });
}

/** Starts a call, and tells what becomes of it: a failure, or the end of the answer. */
function outcome(endpoint: HttpEndpoint): Promise<Failure | 'answered'> {
  return new Promise((resolve) => {
    const receiver: HttpReceiver = {
      head: () => undefined,
      chunk: () => undefined,
      end: () => {
        resolve('answered');
      },
      failed: resolve,
    };
    endpoint.call({ method: 'GET', headers: [] }, receiver).start();
  });
}

const CLOSED = { code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' };

test('a call that is started when all is closed makes no connection, and says that it was not sent', async () => {
  const endpoint = await open();
  expect(await outcome(endpoint)).toBe('answered');
  await endpoint.close();
  expect(await outcome(endpoint)).toMatchObject(CLOSED);
  expect(server.visits).toHaveLength(1);
});

test('so does one whose token comes when all is closed', async () => {
  let give: (token: string) => void = () => undefined;
  const endpoint = await open({ token: () => new Promise((resolve) => (give = resolve)) });
  const result = outcome(endpoint);
  await endpoint.close();
  give('late');
  expect(await result).toMatchObject(CLOSED);
  expect(server.visits).toEqual([]);
});
