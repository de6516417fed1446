import { createInterface } from 'node:readline';

import type { OAuthGrant, SignInPrompt } from '../../auth/index.js';
import { hasBrowser } from '../../transports/open-browser.js';
import type { CommandContext } from '../command-context.js';
import { oneLine } from '../terminal.js';
import type { Terminal } from '../terminal.js';

/** Flags that choose where a person signs in. */
export interface PersonFlags {
  /** False with `--no-browser`. */
  readonly browser?: boolean | undefined;
  readonly device?: boolean | undefined;
}

/** The grant that asks the person at this terminal: with the browser of this machine, with a URL to open elsewhere, or with a code. */
export async function grantOf(flags: PersonFlags, context: CommandContext): Promise<OAuthGrant> {
  const { device, interactive } = await import('../../auth/index.js');
  if (flags.device === true) return device({ onPrompt: (prompt) => showCode(prompt, context.terminal) });
  return interactive({ open: false, onPrompt: (prompt) => showPage(prompt, flags, context) });
}

function showCode(prompt: SignInPrompt, terminal: Terminal): void {
  terminal.problem(`To sign in to ${place(prompt)}, open this page on any device:`);
  terminal.problem(`\n  ${oneLine(prompt.url)}\n`);
  if (prompt.userCode !== undefined)
    terminal.problem(`and enter or compare the code ${terminal.styleNote('heading', oneLine(prompt.userCode, 60))}`);
  terminal.note(terminal.styleNote('faint', 'Waiting for the sign-in. Ctrl+C ends it.'));
}

/** Opens the browser, or prints the page. The browser returns to a port of this machine; one elsewhere cannot, so its last URL can be pasted. */
async function showPage(prompt: SignInPrompt, { browser }: PersonFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  if (browser !== false && hasBrowser()) {
    // Before it opens: a browser that is signed in already ends the sign-in at once.
    terminal.note(`Opening the browser to sign in to ${place(prompt)}. Ctrl+C ends the sign-in.`);
    if (await prompt.open()) return;
  }
  terminal.problem(`To sign in to ${place(prompt)}, open this page:`);
  terminal.problem(`\n  ${oneLine(prompt.url)}\n`);
  if (terminal.inputRefused) return;
  terminal.note(
    'If the browser runs on another machine, it ends at a page that it cannot load: paste the address of that page here.',
  );
  readCallback(prompt, terminal);
}

/** Reads lines until one is the callback, or the sign-in is over. */
function readCallback(prompt: SignInPrompt, terminal: Terminal): void {
  const lines = createInterface({ input: terminal.stdin, terminal: false });
  prompt.signal.addEventListener('abort', () => {
    lines.close();
    terminal.stdin.pause();
  });
  lines.on('line', (line) => {
    if (line.trim() === '') return;
    try {
      prompt.complete(line.trim());
    } catch {
      // The line may have a code in it, so it is not repeated.
      terminal.problem(
        'This is not the address at which the sign-in ends: it has "code=" and the "state" of this sign-in in it.',
      );
    }
  });
}

function place({ server, issuer }: SignInPrompt): string {
  return `${oneLine(server, 200)} at ${oneLine(issuer, 200)}`;
}
