import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { compiled } from '../support/compiled.js';
import { InspectorPage } from '../support/inspector-page.js';

test('an inspector does not keep the process alive, be a page open or not', async () => {
  const program = `
    const { createInspectorServer } = require(${JSON.stringify(compiled('inspect/index'))});
    createInspectorServer().then((inspector) => {
      inspector.attach({ name: 'x', transport: 'y' });
      process.send(inspector.url);
      process.once('message', () => process.disconnect());
    });`;
  const child = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_PATH: path.resolve(__dirname, '../../node_modules') },
  });
  try {
    const exited = once(child, 'exit');
    const [url] = (await once(child, 'message')) as [string];
    await using page = await InspectorPage.open({ url });
    child.send('Nothing is left to do.');
    expect((await exited)[0]).toBe(0);
    await page.until(() => page.closed !== undefined);
  } finally {
    child.kill('SIGKILL');
  }
});
