// The official client with its defaults; only the revision is fixed.
import { Client, InMemoryTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { answerTo, REVISIONS } from '../echo.mjs';

async function connect(transport, era) {
  // Its default is 2025-11-25; a modern revision must be set.
  const options = era === 'modern' ? { versionNegotiation: { mode: { pin: REVISIONS.modern } } } : {};
  const client = new Client({ name: 'official', version: '1.0.0' }, options);
  await client.connect(transport);
  const version = client.getNegotiatedProtocolVersion();
  if (version !== REVISIONS[era]) throw new Error(`It speaks ${version}`);
  return {
    call: (message) => client.callTool({ name: 'echo', arguments: { message } }),
    close: () => client.close(),
  };
}

/** A client whose server is a function in this process. */
export async function memory(era) {
  const [near, far] = InMemoryTransport.createLinkedPair();
  far.onmessage = (message) => {
    const answer = answerTo(message);
    if (answer !== undefined) void far.send(answer);
  };
  await far.start();
  return connect(near, era);
}

/** A client whose server is a process. */
export function stdio(era, server) {
  return connect(new StdioClientTransport({ command: process.execPath, args: [server] }), era);
}

/** A client whose server has a URL. */
export function http(era, url) {
  return connect(new StreamableHTTPClientTransport(new URL(url)), era);
}
