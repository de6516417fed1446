import { MCPClient } from '../../api/client.js';
import type { CommandContext } from '../command-context.js';
import { EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printJson } from '../output/print-result.js';
import { clientOf, DEFAULT_ACCOUNT, entryOptions } from '../sign-in/stored-sign-in.js';
import type { TargetFlags } from '../target.js';
import { oneLine } from '../terminal.js';
import { targetOf } from './login.js';

/** `mcp-actors logout <target>`: revokes the tokens, if the server can do that, and deletes them. */
export async function logout(
  context: CommandContext,
  words: readonly string[],
  flags: TargetFlags & { readonly json?: boolean | undefined },
): Promise<ExitCode> {
  const target = await targetOf('logout', context, words, flags);
  const { terminal, interrupt } = context;
  const { account = DEFAULT_ACCOUNT } = flags;
  const { fileStore, oauth } = await import('../../auth/index.js');
  const { forgetGrant, storedGrant } = await import('../../auth/stores/stored-grants.js');
  const store = fileStore();
  const find = () => storedGrant(store, target.url, account);
  const grant = await find();
  if (grant !== undefined) {
    const given = grant.clientId === undefined ? {} : { client: clientOf(grant.clientId, grant.issuer) };
    const auth = oauth({ store, account, prompt: 'never', ...given, ...entryOptions(target.entry?.auth ?? {}) });
    const client = new MCPClient(await target.transportWith(auth));
    client.on('warning', ({ message }) => terminal.note(`warning: ${message}`));
    try {
      await interrupt.race(client.signOut());
    } finally {
      await client.close();
    }
    // The tokens must not stay because they were obtained in another way.
    if ((await find()) !== undefined) await forgetGrant(store, grant);
  }
  if (flags.json === true) printJson(terminal, { server: target.label, account, signedOut: grant !== undefined });
  else
    terminal.line(
      grant === undefined
        ? `There is no sign-in for ${oneLine(target.label)}, account ${oneLine(account, 60)}.`
        : `Signed out of ${oneLine(target.label)}, account ${oneLine(account, 60)}.`,
    );
  return EXIT.done;
}
