import type { Environment } from '../../src/util/environment.js';
import { HttpTransport } from '../../src/index.js';
import type { HttpTransportOptions } from '../../src/index.js';
import { endAfterEach } from './endings.js';
import { OpenedLink } from './http-link.js';
import { ScriptedHttpServer } from './servers/http-server.js';

/** Scripted servers and links that last for one test, for the tests of HTTP. */
export interface HttpScene {
  /** Ends something else after the test. */
  readonly endLater: (end: () => Promise<unknown>) => void;
  readonly serve: (...args: Parameters<typeof ScriptedHttpServer.start>) => Promise<ScriptedHttpServer>;
  readonly open: (url: string, options?: HttpTransportOptions, environment?: Environment) => Promise<OpenedLink>;
}

/** For the top of a test file. */
export function httpScene(): HttpScene {
  const endLater = endAfterEach();
  return {
    endLater,
    serve: async (...args) => {
      const server = await ScriptedHttpServer.start(...args);
      endLater(() => server.close());
      return server;
    },
    open: (url, options, environment) => {
      const transport = new HttpTransport(url, options);
      endLater(() => transport.closeLink());
      return OpenedLink.open(transport, environment);
    },
  };
}
