// The cases of calls: a transport and the server that it connects to.
import { fileURLToPath } from 'node:url';

export const ERAS = ['legacy', 'modern'];
/** Calls in flight. */
export const LEVELS = [1, 64, 1_000];

const STDIO_SERVER = fileURLToPath(new URL('echo-server.mjs', import.meta.url));

/** The cases whose title begins like `only`. @param http the origin of the HTTP server */
export function callCases(http, only) {
  return [
    { title: 'memory', transport: 'memory' },
    { title: 'stdio', transport: 'stdio', server: STDIO_SERVER },
    { title: 'HTTP, JSON answers', transport: 'http', server: `${http}/json` },
    { title: 'HTTP, stream answers', transport: 'http', server: `${http}/stream` },
  ].filter(({ title }) => title.toLowerCase().startsWith(only.toLowerCase()));
}
