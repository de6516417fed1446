import { access } from 'node:fs/promises';
import path from 'node:path';

import { MCPConnection } from '../../api/connection.js';
import { PACKAGE } from '../../util/package.js';
import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printError } from '../output/print-error.js';
import { printJson } from '../output/print-result.js';
import { findTarget } from '../target.js';
import type { Target, TargetFlags } from '../target.js';
import { oneLine } from '../terminal.js';
import { loginCommand } from '../with-client.js';

/** Flags of `inspect`. */
export interface InspectFlags extends TargetFlags {
  readonly json?: boolean | undefined;
  readonly port?: string | undefined;
  readonly open?: boolean | undefined;
  readonly showSecrets?: boolean | undefined;
  readonly connectTimeout?: number | undefined;
}

/** The page of an inspector. */
type Inspector = Awaited<ReturnType<(typeof import('mcp-actors/inspect'))['createInspectorServer']>>;

/** Time between two health checks of the server, in ms: the page shows its latency. */
const HEALTH_EVERY = 5_000;

/**
 * `mcp-actors inspect <target | file.ndjson>`: opens the page first, so that it shows how the client connects, and keeps it when that fails, until
 * Ctrl+C. The page is served on loopback only.
 */
export async function inspect(
  context: CommandContext,
  words: readonly string[],
  flags: InspectFlags,
): Promise<ExitCode> {
  const [word, ...others] = words;
  if (others.length > 0)
    throw new CommandError(
      `inspect takes one target, not ${words.length} words.`,
      undefined,
      'The command line of a server stands after "--": mcp-actors inspect -- npx -y some-server',
    );
  const isRecording = context.serverCommand === undefined && word?.endsWith('.ndjson') === true;
  const file = isRecording ? path.resolve(context.cwd, word) : undefined;
  const target = file === undefined ? await findTarget(word, flags, context) : undefined;
  if (file !== undefined) await checkFile(file);
  const inspector = await openPage(flags);
  try {
    showPage(inspector, flags, context);
    const end =
      target === undefined
        ? await show(file ?? '', inspector, context)
        : await watch(target, flags, inspector, context);
    try {
      return await context.interrupt.untilInterrupted();
    } finally {
      await end();
    }
  } finally {
    await inspector.close();
  }
}

async function checkFile(file: string): Promise<void> {
  try {
    await access(file);
  } catch {
    throw new CommandError(`The recording ${file} does not exist, or cannot be read.`);
  }
}

async function openPage({ port = '0', open, showSecrets }: InspectFlags): Promise<Inspector> {
  const number = Number(port);
  if (!/^\d+$/.test(port) || number > 65_535)
    throw new CommandError(`--port must be a number from 0 to 65535, not "${port}".`);
  // From the installed package, which has the page: the bundle of the commands stays small.
  const { createInspectorServer } = await import('mcp-actors/inspect');
  try {
    return await createInspectorServer({ port: number, open: open === true, redact: showSecrets !== true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const why = code === 'EACCES' ? 'may not be used by this user' : 'is in use';
    throw new CommandError(`Port ${port} of 127.0.0.1 ${why}.`, EXIT.usage, 'Without --port any free port is used.');
  }
}

function showPage({ url }: Inspector, { json, showSecrets }: InspectFlags, { terminal }: CommandContext): void {
  if (json === true) printJson(terminal, { url });
  else terminal.line(url);
  terminal.note('Open this address in a browser of this machine. Ctrl+C ends it.');
  if (showSecrets === true) terminal.note('warning: the page shows secrets: tokens, arguments and results.');
}

/** Connects to a server. Resolves with the function that ends the connection, also if connecting failed. */
async function watch(
  target: Target,
  flags: InspectFlags,
  inspector: Inspector,
  context: CommandContext,
): Promise<() => Promise<void>> {
  const { terminal, interrupt } = context;
  const { connectTimeout } = flags;
  const connection = new MCPConnection(oneLine(target.label, 60) || 'server', await target.transport(), {
    clientInfo: { name: PACKAGE.name, version: PACKAGE.version },
    ...target.options,
    ...(connectTimeout !== undefined && { connectTimeout }),
    inspect: inspector,
    healthCheckInterval: HEALTH_EVERY,
    maxReconnectAttempts: Infinity,
  });
  connection.on('state', (state, from) => terminal.note(`${from} → ${state}`));
  const end = (): Promise<void> => connection.disconnect();
  try {
    const client = await interrupt.race(connection.connect());
    const { name, version } = await client.getServerInfo();
    const isListed = (await client.getCapabilities()).includes('tools');
    const tools = isListed ? await interrupt.race(client.listTools({ signal: interrupt.signal })) : [];
    const names = tools.map((tool) => tool.name).join(', ');
    terminal.note(oneLine(`Connected to ${name} ${version}. ${tools.length} tools${names && `: ${names}`}`, 500));
  } catch (error) {
    if (interrupt.signal.aborted) {
      await end();
      throw error;
    }
    // The page shows what happened, so it stays.
    if (target.transportWith !== undefined) context.login = loginCommand(target, flags);
    printError(context, error, false);
    terminal.note('The page stays open. Ctrl+C ends it.');
  }
  return end;
}

/** Shows a recording. */
async function show(file: string, inspector: Inspector, { terminal }: CommandContext): Promise<() => Promise<void>> {
  const { replay } = await import('mcp-actors/testing');
  const { states, remark } = await replay(file, { inspect: inspector });
  terminal.note(`${path.basename(file)}: ${states.join(', ')}`);
  if (remark !== undefined) terminal.note(`${oneLine(remark)}.`);
  return async () => undefined;
}
