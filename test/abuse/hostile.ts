// The process of a hostile server: `node hostile.js NAME`. Over a network it sends its URL to the process that started it.
import { attackNamed } from './attacks.js';

async function main(): Promise<void> {
  const url = await attackNamed(process.argv[2] ?? '').serve();
  if (url !== undefined) process.send?.(url);
  process.once('disconnect', () => process.exit());
}

void main();
