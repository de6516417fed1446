import type { Attack } from './attack.js';
import { httpAttacks } from './http-attacks.js';
import { sseAttacks } from './sse-attacks.js';
import { stdioAttacks } from './stdio-attacks.js';
import { webSocketAttacks } from './websocket-attacks.js';

/** Those that take longest, or are near to another: they are left out of the quick form. */
export const LONG: ReadonlySet<string> = new Set([
  'stdio: never reads its input and sends methods that do not exist',
  'stdio: never reads its input and sends requests that are malformed',
  'stdio: never reads its input and sends numbers as ids, each with a batch',
  'stdio: floods with pings and reads them',
  'stdio: floods with responses to nobody',
  'stdio: floods with list_changed',
  'stdio: floods with log messages',
  'stdio: floods with empty lines',
  'stdio: answers with 200,000 members in a batch',
  'stdio: sends a line that never ends',
  'stdio: floods its standard error',
  'http: answers with events that never end',
  'http: asks 20,000 questions and takes no answer',
  'http: asks for its GET stream to be opened again all the time',
  'websocket: never reads and sends JSON-RPC pings',
  'websocket: sends 1,000,000 messages of one byte before the answer',
  'stdio: does not end when its input does, 100 of them',
  'http: answers with 1 GiB in 1 MiB of gzip',
  'http: sends 100 bodies of 20 MB at the same time',
  'http: lists 60 pages of 20 MB',
]);

export const attacks: readonly Attack[] = [...stdioAttacks, ...httpAttacks, ...sseAttacks, ...webSocketAttacks];

/** An attack by its transport and name, as {@link titleOf} gives them. */
export function attackNamed(title: string): Attack {
  const attack = attacks.find((one) => titleOf(one) === title);
  if (attack === undefined) throw new Error(`There is no attack "${title}"`);
  return attack;
}

export function titleOf({ over, name }: Attack): string {
  return `${over}: ${name}`;
}
