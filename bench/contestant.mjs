// One client in its own process, so that clients do not share a heap and compiled code. It runs a round on request and is idle otherwise.

/** Makes calls, `inFlight` at a time, and checks each result. */
async function makeCalls(call, calls, inFlight) {
  let left = calls;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const message = `message ${left}`;
      const result = await call(message);
      if (result.content[0].text !== message) throw new Error('That is the answer of another call');
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}

/** Microseconds per call: elapsed time, and processor time of this process. */
async function measure(call, calls, inFlight) {
  const cpu = process.cpuUsage();
  const startedAt = process.hrtime.bigint();
  await makeCalls(call, calls, inFlight);
  const took = Number(process.hrtime.bigint() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { wall: took / calls, cpu: (user + system) / calls };
}

const [client, transport, era, server] = process.argv.slice(2);
const connect = (await import(`./clients/${client}.mjs`))[transport];
const { call, close } = await connect(era, server);

process.on('message', async ({ calls, inFlight }) => {
  if (calls === 0) {
    process.disconnect();
    await close();
  } else {
    process.send(await measure(call, calls, inFlight));
  }
});
process.send('connected');
