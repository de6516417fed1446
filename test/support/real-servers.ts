import path from 'node:path';
import { StdioTransport } from '../../src/index.js';
import type { StdioTransportOptions } from '../../src/index.js';
import { serverFixture } from './fixture-servers.js';

const PACKAGES = path.resolve(__dirname, '../../node_modules/@modelcontextprotocol');

/** A transport to one of the reference servers, which speak 2025-11-25. */
export function referenceServer(
  name: 'everything' | 'filesystem' | 'memory',
  args: readonly string[] = [],
  options?: StdioTransportOptions,
): StdioTransport {
  return new StdioTransport(process.execPath, [path.join(PACKAGES, `server-${name}/dist/index.js`), ...args], options);
}

/** A transport to a server of the official SDK in both eras; with `legacy: 'reject'` only in the modern one. */
export function sdkServer(legacy: 'serve' | 'reject' = 'serve', options?: StdioTransportOptions): StdioTransport {
  return new StdioTransport(process.execPath, [serverFixture('sdk'), legacy], options);
}
