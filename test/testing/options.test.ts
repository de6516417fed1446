import { MemoryTransport } from '../../src/index.js';
import { chaos, chaosProxy, createScriptedServer, replay } from '../../src/testing/index.js';
import type { Recording } from '../../src/testing/index.js';

test.each<[string, string, (options: object) => unknown]>([
  ['chaos', 'dorp', (options) => chaos(MemoryTransport.pair()[0], options)],
  ['chaosProxy', 'slow_time', (options) => chaosProxy('http://127.0.0.1:1/mcp', options)],
  ['createScriptedServer', 'handler', (options) => createScriptedServer(options)],
  ['replay', 'inspector', (options) => replay({} as Recording, options)],
])('%s refuses the unknown option %s by its name', async (_, field, call) => {
  await expect((async () => call({ [field]: 1 }))()).rejects.toMatchObject({
    code: 'MCP_INVALID_PARAMS',
    details: { field },
  });
});
