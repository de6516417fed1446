// The memory of an idle connection: KiB of heap and of resident memory, measured with 100 connections. Run with --expose-gc.
const CONNECTIONS = 100;

const [client, era] = process.argv.slice(2);
const { memory } = await import(`./clients/${client}.mjs`);

async function connectAndCall() {
  const connection = await memory(era);
  await connection.call('hello');
  return connection;
}

async function settled() {
  // Twice, with a turn of the event loop in between, to collect also the memory that finalizers release.
  for (let round = 0; round < 2; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  }
  return process.memoryUsage();
}

// Excludes the modules and code that the first connections load and compile.
for (let warmUp = 0; warmUp < 20; warmUp += 1) await (await connectAndCall()).close();

const before = await settled();
const connections = [];
for (let made = 0; made < CONNECTIONS; made += 1) connections.push(await connectAndCall());
const after = await settled();
for (const { close } of connections) await close();

const perConnection = (field) => (after[field] - before[field]) / 1024 / CONNECTIONS;
process.stdout.write(JSON.stringify({ heap: perConnection('heapUsed'), rss: perConnection('rss') }));
