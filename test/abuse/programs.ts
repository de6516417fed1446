import type { Host } from './attack.js';

// Programs that attacks over several transports share.

/** Error and warning events of one call beyond this number are a flood. */
const MOST_EVENTS = 1_000;

/** Calls the tool once, closes the client, and counts the events. */
export async function callOnce({ connect, outcome, check }: Host): Promise<string> {
  const client = await connect();
  let events = 0;
  client.on('warning', () => (events += 1));
  client.on('error', () => (events += 1));
  const ended = await outcome(client.callTool('work', {}, { timeout: 5_000 }));
  await outcome(client.disconnect());
  check(events < MOST_EVENTS, `${events} events`);
  return `${ended}, ${events} events`;
}

/** Calls the tool of a server that asks for sampling and cancels, and counts the handlers at work: they ignore their signals. */
export async function countHandlers({ connect, outcome, check, sleep }: Host): Promise<string> {
  let atWork = 0;
  const sampling = async (): Promise<never> => {
    atWork += 1;
    await sleep(5_000);
    throw new Error('Nobody answered');
  };
  const client = await connect({ sampling });
  client.on('error', () => undefined);
  const ended = await outcome(client.callTool('work', {}, { timeout: 5_000 }));
  check(atWork <= 100, `${atWork} handlers at work`);
  return `${ended}, ${atWork} handlers at work`;
}
