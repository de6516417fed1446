// npm run inspect [-- ARGUMENTS]: with arguments the command `mcp-actors inspect` of this checkout; without them a demonstration with servers
// that are slow, crash and restart, until Ctrl+C.
import { createInspectorServer } from 'mcp-actors/inspect';
import { startDemo } from './inspect-demo.mjs';

if (process.argv.length > 2) {
  process.argv.splice(2, 0, 'inspect');
  await import('../dist/cli/mcp-actors.mjs');
} else {
  const inspector = await createInspectorServer();
  console.log(`\n  ${inspector.url}\n\nOpen this address in a browser of this machine. Ctrl+C ends it.\n`);
  const stopped = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve);
  });
  try {
    const end = await startDemo(inspector);
    await stopped;
    await end();
  } catch (error) {
    console.error(error.explain?.() ?? `The demonstration failed: ${error.message}`);
    process.exitCode = 1;
  } finally {
    await inspector.close();
  }
}
