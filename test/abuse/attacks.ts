import type { Attack } from './attack.js';
import { httpAttacks } from './http-attacks.js';
import { sseAttacks } from './sse-attacks.js';
import { stdioAttacks } from './stdio-attacks.js';
import { webSocketAttacks } from './websocket-attacks.js';

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
