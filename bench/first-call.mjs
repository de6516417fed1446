// A program that connects, makes one call and ends: `node first-call.mjs CLIENT TRANSPORT SERVER`. Prints the milliseconds from the start of
// its process to the result, and its processor time until then.
const [client, transport, server] = process.argv.slice(2);
const connection = await (await import(`./clients/${client}.mjs`))[transport]('legacy', server);
await connection.call('hello');
const wall = performance.now();
const { user, system } = process.cpuUsage();
await connection.close();
process.stdout.write(JSON.stringify({ wall, cpu: (user + system) / 1000 }));
