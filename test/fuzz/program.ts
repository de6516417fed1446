import { inspect } from 'node:util';
import { MCPClient, MCPError } from '../../src/index.js';
import type { MCPTransport } from '../../src/index.js';
import type { Dice } from './fuzzer.js';

/** Milliseconds that a request of the program may take. */
const TIMEOUT = 150;
/** Milliseconds after which something that should have settled is taken to hang. */
const PATIENCE = 12_000;

/** Uses all of a client on a server that may do anything, closes it, and says what was not as promised. */
export async function runProgram(transport: MCPTransport, dice: Dice): Promise<string[]> {
  const findings: string[] = [];
  const ask = (): never => {
    throw new Error('No');
  };
  const client = new MCPClient(transport, {
    timeout: TIMEOUT,
    connectTimeout: 600,
    probeTimeout: 100,
    autoReconnect: dice.chance(30),
    reconnectDelay: 10,
    maxReconnectAttempts: 2,
    healthCheckInterval: dice.chance(20) ? 50 : 0,
    sampling: ask,
    elicitation: ask,
    roots: [],
  });
  const listen = (problem: unknown): void => {
    if (!(problem instanceof MCPError)) findings.push(`an event brought ${inspect(problem)}`);
  };
  client.on('error', listen);
  client.on('warning', listen);
  const settle = async (name: string, promise: Promise<unknown>): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`${name} did not settle in ${PATIENCE} ms; ${client.explain()}`));
      }, PATIENCE);
    });
    try {
      await Promise.race([promise, late]);
    } catch (thrown) {
      if (!(thrown instanceof MCPError)) findings.push(`${name} rejected with ${inspect(thrown)}`);
      else if (inspect(thrown, { depth: 10 }) === '' || thrown.explain() === '')
        findings.push(`${name}: nothing is explained`);
    } finally {
      clearTimeout(timer);
    }
  };
  await settle('connect', client.connect());
  const uses: [string, () => Promise<unknown>][] = [
    ['listTools', () => client.listTools()],
    ['callTool', () => client.callTool('work', { city: 'Łódź' }, { onProgress: () => undefined })],
    ['listPrompts', () => client.listPrompts()],
    ['listResources', () => client.listResources()],
    ['readResource', () => client.readResource('file:///r')],
    ['getPrompt', () => client.getPrompt('p', { a: 'b' })],
    ['subscribe', () => client.subscribe('file:///r')],
    ['setLogLevel', () => client.setLogLevel('info')],
    ['request', () => client.request('x/y', { a: 1 })],
    ['ping', () => client.ping()],
    ['second listTools', () => client.listTools({ useCache: false })],
    ['second callTool', () => client.callTool('work', {}, { retry: 'safe' })],
  ];
  if (dice.chance(50)) await Promise.all(uses.map(([name, use]) => settle(name, use())));
  else for (const [name, use] of uses.slice(0, 6)) await settle(name, use());
  if (client.explain() === '') findings.push('explain() says nothing');
  if (dice.chance(20)) await settle('suspend', client.suspend());
  await settle('disconnect', client.disconnect());
  if (({} as { polluted?: unknown }).polluted !== undefined) findings.push('Object.prototype was changed');
  return findings;
}
