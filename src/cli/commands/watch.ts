import type { MCPClient } from '../../api/client.js';
import type { LoggingLevel } from '../../protocol/schema/index.js';
import type { TapEvent } from '../../machines/connection/link-tap.js';
import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { jsonText } from '../output/json-text.js';
import { LEVELS } from '../output/levels.js';
import { withTexts } from '../output/with-texts.js';
import { findTarget } from '../target.js';
import { oneLine } from '../terminal.js';
import type { Style, Terminal } from '../terminal.js';
import { requestOptions, withClient } from '../with-client.js';
import type { ClientFlags } from '../with-client.js';

/** Flags of `watch`. */
export interface WatchFlags extends ClientFlags {
  readonly json?: boolean | undefined;
  readonly level?: LoggingLevel | undefined;
}

/** Notifications that have a line of their own, or are no news for people. */
const QUIET: ReadonlySet<string> = new Set([
  'notifications/message',
  'notifications/progress',
  'notifications/subscriptions/acknowledged',
]);

/** Time between two health checks, in ms: a connection that is lost without a sign is noticed. */
const HEALTH_EVERY = 10_000;

/** `mcp-actors watch <target> [uri…]`: prints changes, logs and progress until Ctrl+C, also over reconnects. */
export async function watch(context: CommandContext, words: readonly string[], flags: WatchFlags): Promise<ExitCode> {
  const { serverCommand, terminal, interrupt } = context;
  const [word, ...rest] = words;
  const uris = serverCommand === undefined ? rest : words;
  const target = await findTarget(serverCommand === undefined ? word : undefined, flags, context);
  const printer = new WatchPrinter(terminal, flags.json === true);
  return withClient(
    target,
    flags,
    context,
    async (client) => {
      const over = untilClosed(client);
      // It also ends when the command closes the client, which no part waits for.
      over.catch(() => undefined);
      printer.hide = client.transport.secrets.hide;
      listen(client, printer);
      const capabilities = await client.getCapabilities();
      const options = requestOptions(flags, context);
      if (capabilities.includes('logging')) await client.setLogLevel(flags.level ?? 'info', options);
      if (uris.length > 0 && !capabilities.includes('resources.subscribe'))
        throw new CommandError('This server does not announce changes of resources.', EXIT.refused);
      for (const uri of uris) await client.subscribe(uri, options);
      terminal.note(terminal.styleNote('faint', `Watching ${oneLine(target.label, 100)}. Ctrl+C ends it.`));
      // Without a reader (`| head -1`) it would go on for ever.
      const unread = terminal.readerGone.then(() => EXIT.done);
      return Promise.race([interrupt.untilInterrupted(), over, unread]);
    },
    {
      autoReconnect: true,
      maxReconnectAttempts: Infinity,
      healthCheckInterval: HEALTH_EVERY,
      inspect: { inspect: () => undefined, redact: false, tap: (event) => printProgress(event, printer) },
    },
  );
}

/** Rejects when the client gives up. */
function untilClosed(client: MCPClient): Promise<never> {
  return new Promise((_resolve, reject) => {
    client.on('state', (state) => {
      if (state === 'closed') reject(new CommandError('The connection was closed.', EXIT.unreachable));
    });
  });
}

function listen(client: MCPClient, printer: WatchPrinter): void {
  client.on('state', (state, from) => {
    if (state !== 'closed') printer.print('state', { state, from }, `${from} → ${state}`, 'attention');
  });
  client.on('notification', ({ method, params }) => {
    if (QUIET.has(method)) return;
    const uri = (params as { readonly uri?: unknown } | undefined)?.uri;
    const about = typeof uri === 'string' ? ` ${oneLine(uri, 500)}` : '';
    printer.print(
      'notification',
      { method, ...(params !== undefined && { params }) },
      `${change(method)}${about}`,
      'name',
    );
  });
  client.on('toolsChanged', ({ added, removed, changed }) => {
    const names = [
      ...added.map((name) => `+${name}`),
      ...removed.map((name) => `-${name}`),
      ...changed.map((name) => `~${name}`),
    ];
    const data = { added, removed, changed };
    printer.print('tools', data, `tools: ${oneLine(names.join(' '), 500)}`, 'name');
  });
  client.on('log', (message) => {
    const { level, logger, data } = message;
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    const severe = LEVELS.indexOf(level) >= LEVELS.indexOf('warning');
    const from = logger === undefined ? '' : ` ${oneLine(logger, 60)}:`;
    printer.print('log', { ...message }, `${oneLine(level, 20)}${from} ${oneLine(text)}`, severe ? 'bad' : 'faint');
  });
  client.on('error', ({ code, message }) => {
    printer.print('problem', { code, message }, `${code}: ${oneLine(message, 300)}`, 'bad');
  });
}

/** `notifications/tools/list_changed` as `tools list changed`. */
function change(method: string): string {
  return oneLine(method.replace(/^notifications\//, '').replace(/[/_]/g, ' '), 100);
}

function printProgress(event: TapEvent, printer: WatchPrinter): void {
  if (event.type !== 'message.in') return;
  const { method, params } = (event.message ?? {}) as { readonly method?: unknown; readonly params?: unknown };
  if (method !== 'notifications/progress' || typeof params !== 'object' || params === null) return;
  const { progress, total, message } = params as Readonly<Record<string, unknown>>;
  const count = typeof total === 'number' ? `${String(progress)}/${total}` : String(progress);
  const text = typeof message === 'string' ? ` ${message}` : '';
  printer.print('progress', { ...params }, oneLine(`progress ${count}${text}`, 500), 'faint');
}

/** Prints one line, or one JSON object, for each event. */
class WatchPrinter {
  readonly #terminal: Terminal;
  readonly #json: boolean;
  /** Removes secrets from a text: a server may log secrets that it was given. */
  hide: (text: string) => string = (text) => text;

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.#json = json;
  }

  print(event: string, data: Readonly<Record<string, unknown>>, line: string, style: Style): void {
    const now = new Date();
    if (this.#json)
      return this.#terminal.line(jsonText({ event, at: now.toISOString(), ...(withTexts(data, this.hide) as object) }));
    const time = this.#terminal.style('faint', now.toTimeString().slice(0, 8));
    this.#terminal.line(`${time} ${this.#terminal.style(style, this.hide(line))}`);
  }
}
