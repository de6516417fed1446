import { RedisProcess } from '../support/servers/redis-process.js';
import { sharedStoreTests } from './shared-stores.js';

let server: RedisProcess;
let started = 0;

beforeEach(async () => {
  server = await RedisProcess.start();
});

afterEach(() => server.stop());

// Every other process has the other client: what one writes, the other reads.
sharedStoreTests('a Redis server, through ioredis and node-redis', () => ({
  redis: server.socket,
  client: (started += 1) % 2 === 0 ? 'ioredis' : 'node-redis',
  timing: { touch: 200, dead: 2_000, look: 50, watch: 100 },
}));
