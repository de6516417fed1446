import { existsSync } from 'node:fs';

import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** Starts the browser of Debian, which does nothing by itself. */
export async function startChromium(): Promise<Browser> {
  if (!existsSync(PROGRAM)) throw new Error(`These tests need ${PROGRAM}: apt-get install chromium`);
  return chromium.launch({ executablePath: PROGRAM, args: FLAGS.split(' '), timeout: 60_000 });
}
