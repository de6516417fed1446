import type { StoredGrantFacts } from '../../auth/stores/stored-grants.js';
import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printJson } from '../output/print-result.js';
import { expiryText } from '../sign-in/expiry.js';
import { oneLine } from '../terminal.js';

/** `mcp-actors auth list`: the stored sign-ins, never a token. */
export async function auth(
  { terminal }: CommandContext,
  words: readonly string[],
  { json }: { readonly json?: boolean | undefined },
): Promise<ExitCode> {
  const [word, ...others] = words;
  if (word !== 'list' || others.length > 0)
    throw new CommandError(
      'auth has one command: mcp-actors auth list',
      undefined,
      'Sign in with: mcp-actors login <target>',
    );
  const { fileStore } = await import('../../auth/index.js');
  const { storedGrants } = await import('../../auth/stores/stored-grants.js');
  const grants = await storedGrants(fileStore());
  if (json === true) printJson(terminal, grants.map(shown));
  else if (grants.length === 0) terminal.note('There are no sign-ins. Sign in with: mcp-actors login <target>');
  for (const grant of json === true ? [] : grants) {
    const { server, account, issuer, scopes, expiresAt, renewable } = grant;
    const facts = [
      `account ${oneLine(account, 60)}`,
      `at ${oneLine(issuer)}`,
      scopes.length > 0 && `scopes ${oneLine(scopes.join(' '), 200)}`,
      expiryText(expiresAt, renewable),
    ];
    terminal.line(terminal.style('name', oneLine(server)));
    terminal.line(`  ${facts.filter(Boolean).join(', ')}`);
  }
  return EXIT.done;
}

function shown({ expiresAt, ...facts }: StoredGrantFacts): object {
  return { ...facts, ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }) };
}
