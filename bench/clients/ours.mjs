// This package, by its own name, with its defaults; only the revision is fixed.
import { HttpTransport, MCPClient, MemoryTransport, StdioTransport } from 'mcp-actors';
import { answerTo, REVISIONS } from '../echo.mjs';

/** Responds at the other end of a pair in the callbacks of its link, because the promises of `receiveMessage` would be measured, too. */
async function serve(end) {
  const link = await end.openLink(
    {
      message: (message) => {
        const answer = answerTo(message);
        if (answer !== undefined) link.send(answer);
      },
      problem: () => undefined,
      closed: () => undefined,
      environment: { setTimeout, clearTimeout },
    },
    new AbortController().signal,
  );
}

async function connect(transport, era) {
  const client = new MCPClient(transport, { era: REVISIONS[era] });
  const { protocolVersion } = await client.connect();
  if (protocolVersion !== REVISIONS[era]) throw new Error(`It speaks ${protocolVersion}`);
  return { call: (message) => client.callTool('echo', { message }), close: () => client.disconnect() };
}

/** A client whose server is a function in this process. */
export async function memory(era) {
  const [near, far] = MemoryTransport.pair();
  await serve(far);
  return connect(near, era);
}

/** A client whose server is a process. */
export function stdio(era, server) {
  return connect(new StdioTransport(process.execPath, [server]), era);
}

/** A client whose server has a URL. */
export function http(era, url) {
  return connect(new HttpTransport(url), era);
}

const TOKEN = 'a-token-of-the-benchmarks';

/** A client whose program gives it a header `Authorization`. */
export function httpWithHeader(era, url) {
  return connect(new HttpTransport(url, { headers: { authorization: `Bearer ${TOKEN}` } }), era);
}

/** A client that has signed in, and has a valid token. */
export async function httpWithToken(era, url) {
  const { oauth } = await import('mcp-actors/auth');
  const grant = { unattended: true, obtain: () => ({ access_token: TOKEN, token_type: 'Bearer', expires_in: 86_400 }) };
  return connect(new HttpTransport(url, { auth: oauth({ grant }) }), era);
}
