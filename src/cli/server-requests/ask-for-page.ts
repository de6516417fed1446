import type { ElicitRequestURLParams, ElicitResult } from '../../protocol/schema/index.js';
import type { ServerRequestContext } from '../../protocol/server-requests/server-requests.js';
import { hasBrowser, openBrowser } from '../../transports/open-browser.js';
import { printable } from '../../util/printable.js';
import type { CommandContext } from '../command-context.js';
import { askPerson } from '../prompts.js';
import { oneLine } from '../terminal.js';

/** Shows the page that a server wants to open in full, with its host, and opens it after a yes. 2026-07-28 client/elicitation, "Safe URL Handling". */
export function askForPage(
  { message, url }: ElicitRequestURLParams,
  { signal, warnings }: ServerRequestContext,
  { context, server }: { readonly context: CommandContext; readonly server: string },
): Promise<ElicitResult> {
  return askPerson(
    context.terminal,
    async (clack, common) => {
      clack.intro(`${oneLine(server, 60)} wants to open a page`, common);
      clack.log.message(`${printable(message)}\n\n${printable(url)}\nhost: ${new URL(url).host}`, common);
      for (const warning of warnings) clack.log.warn(warning, common);
      const choice = await clack.select({
        ...common,
        message: 'Open this page?',
        options: [
          { value: 'accept', label: hasBrowser() ? 'Open it in the browser' : 'I open it myself' },
          { value: 'decline', label: 'Decline' },
          { value: 'cancel', label: 'Cancel' },
        ],
        initialValue: 'decline',
      });
      if (choice !== 'accept') return { action: choice === 'decline' ? 'decline' : 'cancel' };
      if (hasBrowser() && !(await openBrowser(url)))
        clack.log.warn('No browser could be started: open the page yourself.', common);
      return { action: 'accept' };
    },
    signal,
  );
}
