import { MCPClient } from '../../api/client.js';
import type { ClientOption } from '../../auth/index.js';
import { PACKAGE } from '../../util/package.js';
import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printJson } from '../output/print-result.js';
import { expiryText } from '../sign-in/expiry.js';
import { grantOf } from '../sign-in/person.js';
import type { PersonFlags } from '../sign-in/person.js';
import { DEFAULT_ACCOUNT, entryOptions } from '../sign-in/stored-sign-in.js';
import { findTarget } from '../target.js';
import type { Target, TargetFlags } from '../target.js';
import { oneLine } from '../terminal.js';

/** Flags of `login`. */
export interface LoginFlags extends TargetFlags, PersonFlags {
  readonly json?: boolean | undefined;
  readonly clientId?: string | undefined;
  readonly clientMetadataUrl?: string | undefined;
  readonly scope?: readonly string[] | undefined;
  readonly connectTimeout?: number | undefined;
}

/** `mcp-actors login <target>`: a person signs in, and the tokens are kept for later commands. */
export async function login(context: CommandContext, words: readonly string[], flags: LoginFlags): Promise<ExitCode> {
  const target = await targetOf('login', context, words, flags);
  const { terminal, interrupt } = context;
  const { account = DEFAULT_ACCOUNT } = flags;
  const { fileStore, oauth } = await import('../../auth/index.js');
  const { storedGrant } = await import('../../auth/stores/stored-grants.js');
  const scopes = (flags.scope ?? []).flatMap((scope) => scope.split(/[\s,]+/)).filter((scope) => scope !== '');
  const client = clientOf(flags);
  const store = fileStore();
  const isKnown = (await storedGrant(store, target.url, account)) !== undefined;
  const auth = oauth({
    ...entryOptions(target.entry?.auth ?? {}),
    ...{ store, account, clientName: PACKAGE.name },
    ...(scopes.length > 0 && { scopes }),
    grant: await grantOf(flags, context),
    ...(client !== undefined && { client }),
  });
  const one = new MCPClient(await target.transportWith(auth), {
    clientInfo: { name: PACKAGE.name, version: PACKAGE.version },
    ...target.options,
    ...(flags.connectTimeout !== undefined && { connectTimeout: flags.connectTimeout }),
  });
  one.on('error', (error) => terminal.problem(`warning: ${error.message}`));
  try {
    // A new sign-in requests the scopes. A server may grant fewer, so they are required only beside those of an earlier sign-in.
    await interrupt.race(one.signIn({ scopes: isKnown ? scopes : [], signal: interrupt.signal }));
    // A stored token may have been revoked: the server refuses it now, and the person is asked again.
    await interrupt.race(one.connect({ signal: interrupt.signal }));
    const { issuer, scopes: granted = [], expiresAt } = one.authorization ?? {};
    const missing = scopes.filter((scope) => !granted.includes(scope));
    if (missing.length > 0)
      terminal.note(`warning: the server does not list these scopes as granted: ${missing.join(' ')}`);
    if (flags.json === true) {
      const expires = expiresAt === undefined ? undefined : new Date(expiresAt).toISOString();
      printJson(terminal, { server: target.label, account, issuer, scopes: granted, expiresAt: expires });
    } else {
      const facts = [
        `account ${oneLine(account, 60)}`,
        granted.length > 0 && `scopes ${oneLine(granted.join(' '), 200)}`,
      ];
      const token = expiresAt === undefined ? undefined : `token ${expiryText(expiresAt, false)}`;
      terminal.line(`Signed in to ${oneLine(target.label)} (${[...facts, token].filter(Boolean).join(', ')}).`);
    }
    return EXIT.done;
  } finally {
    await one.close();
  }
}

function clientOf({ clientId, clientMetadataUrl }: LoginFlags): ClientOption | undefined {
  if (clientId !== undefined && clientMetadataUrl !== undefined)
    throw new CommandError('Give --client-id or --client-metadata-url, not both.');
  if (clientMetadataUrl !== undefined) return { metadataUrl: clientMetadataUrl };
  return clientId === undefined ? undefined : { id: clientId };
}

/** A server with a sign-in. */
export interface SignInTarget extends Target {
  readonly transportWith: NonNullable<Target['transportWith']>;
  readonly url: string;
}

/** The target of a command about sign-ins: a server that is reached over HTTP. */
export async function targetOf(
  command: string,
  context: CommandContext,
  words: readonly string[],
  flags: TargetFlags,
): Promise<SignInTarget> {
  const [word, ...others] = words;
  if (others.length > 0) throw new CommandError(`${command} takes one target, not ${words.length}.`);
  const target = await findTarget(word, flags, context);
  const { transportWith, url } = target;
  if (transportWith === undefined || url === undefined)
    throw new CommandError(
      `${oneLine(target.label, 100)} has no sign-in: only servers that are reached over HTTP have one.`,
      undefined,
      'Programs and WebSocket servers get secrets by --env and --header.',
    );
  return { ...target, transportWith, url };
}
