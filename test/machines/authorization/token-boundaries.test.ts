import { HttpTransport, MCPClient, SseTransport } from '../../../src/index.js';
import { endAfterEach } from '../../support/endings.js';
import { errorFrom } from '../../support/outcomes.js';
import { AuthorizationServer, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import { ScriptedHttpServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { readProof, sha256 } from '../../support/servers/proofs.js';
import { initializeResult } from '../../support/servers/scripts.js';
import { SseServer, welcome } from '../../support/servers/sse-server.js';

const endLater = endAfterEach();

let as: AuthorizationServer;

beforeEach(() => {
  as = new AuthorizationServer();
});

/** Issues tokens that are bound to the key of the request. */
function bindTokens(): void {
  as.twist = (visit) => {
    if (visit.path !== '/as/token') return false;
    visit.json({ ...as.issue(''), token_type: 'DPoP' });
    return true;
  };
}

describe('HTTP+SSE with tokens that are bound to a key', () => {
  test('has a proof of its own in the request for the stream and in each post', async () => {
    bindTokens();
    const jtis = new Set<unknown>();
    const seen: string[] = [];
    const isProved = (visit: HttpVisit): boolean => {
      const [scheme, token = ''] = (visit.headers.authorization ?? '').split(' ');
      const proof = readProof(visit.headers.dpop);
      if (scheme !== 'DPoP' || !as.valid.has(token) || proof === undefined) return false;
      const { jti, htm, htu, ath } = proof.claims;
      expect(jtis.has(jti)).toBe(false);
      jtis.add(jti);
      const { origin, pathname } = new URL(visit.path, `http://${visit.headers.host ?? ''}`);
      expect({ htm, htu, ath }).toEqual({ htm: visit.method, htu: `${origin}${pathname}`, ath: sha256(token) });
      seen.push(`${visit.method} ${pathname}`);
      return true;
    };
    const refuse = (visit: HttpVisit): void => {
      const metadata = `http://${visit.headers.host ?? ''}/.well-known/oauth-protected-resource/mcp`;
      visit.status(401, { 'www-authenticate': `DPoP error="invalid_token", resource_metadata="${metadata}"` });
    };
    const sse = await SseServer.start({
      greet: (visit, endpoint) => {
        if (visit.path.startsWith('/.well-known/oauth-protected-resource'))
          visit.json({
            resource: `http://${visit.headers.host ?? ''}/sse`,
            authorization_servers: [`http://${visit.headers.host ?? ''}/as`],
          });
        else if (as.answer(visit)) return;
        else if (isProved(visit)) welcome(visit, endpoint);
        else refuse(visit);
      },
      accept: (visit) => {
        if (as.answer(visit)) return;
        if (isProved(visit)) visit.status(202);
        else refuse(visit);
      },
      serve: ({ id, method }, stream) => {
        if (id === undefined) return;
        const result =
          method === 'initialize' ? initializeResult('2024-11-05') : { content: [{ type: 'text', text: 'done' }] };
        stream.event({ jsonrpc: '2.0', id, result });
      },
    });
    endLater(() => sse.close());
    const client = new MCPClient(new SseTransport(sse.url, undefined, { auth: signedIn([], { dpop: true }) }));
    endLater(() => client.close());
    await client.connect();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(seen.filter((one) => one.startsWith('GET'))).toEqual(['GET /sse']);
    expect(seen.filter((one) => one === 'POST /messages').length).toBeGreaterThanOrEqual(3);
  });
});

describe('a redirect of a request that has a token', () => {
  /** Where a server redirects calls to; none if undefined. */
  let location: string | undefined;
  let foreign: ScriptedHttpServer;

  beforeEach(async () => {
    location = undefined;
    foreign = await ScriptedHttpServer.start((visit) => {
      visit.status(404);
    });
    endLater(() => foreign.close());
  });

  async function connect(dpop: boolean): Promise<{ client: MCPClient; server: ScriptedHttpServer }> {
    if (dpop) bindTokens();
    const server = await protectedServer(as, (visit, token) => {
      if (location === undefined || token === undefined || visit.path !== '/mcp') return false;
      visit.status(307, { location });
      return true;
    });
    endLater(() => server.close());
    const client = new MCPClient(new HttpTransport(server.url, { auth: signedIn([], { dpop }) }));
    endLater(() => client.close());
    await client.connect();
    return { client, server };
  }

  test.each([false, true])('to another origin is refused, and nothing is sent there (bound: %s)', async (dpop) => {
    const { client } = await connect(dpop);
    location = `${foreign.origin}/mcp`;
    expect(await errorFrom(client.callTool('buy'))).toMatchObject({ code: 'MCP_REDIRECT_REFUSED' });
    expect(foreign.visits).toEqual([]);
  });

  test('within the origin has the token, and a proof for the new URL', async () => {
    const { client, server } = await connect(true);
    location = `${server.origin}/moved`;
    expect(textOf(await client.callTool('buy'))).toBe('done');
    const moved = server.visits.filter(({ path }) => path === '/moved');
    expect(moved).toHaveLength(1);
    expect(moved[0]?.headers.authorization).toMatch(/^DPoP token-access-/);
    expect(readProof(moved[0]?.headers.dpop)?.claims.htu).toBe(`${server.origin}/moved`);
    expect(foreign.visits).toEqual([]);
  });
});
