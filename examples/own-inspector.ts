// Observes the actors of a client with your own function in place of an inspector: prints each state that they enter.
import { MCPClient } from 'mcp-actors';

/** The part of XState's inspection events that is used here. */
interface Inspected {
  readonly type: string;
  readonly actorRef: { readonly id: string; readonly sessionId: string; readonly logic: { config?: { id?: string } } };
  readonly snapshot?: { readonly value?: unknown; readonly context?: { readonly method?: string } };
}

/** `{ linked: { established: 'ready' } }` as `linked.established.ready`. */
function pathOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name}.${pathOf(inner)}`)
    .join(' and ');
}

export async function ownInspector(print: (line: string) => void): Promise<void> {
  const states = new Map<string, string>();

  const inspect = (event: unknown): void => {
    const { type, actorRef, snapshot } = event as Inspected;
    if (type !== '@xstate.snapshot' || snapshot?.value === undefined) return;
    const state = pathOf(snapshot.value);
    if (states.get(actorRef.sessionId) === state) return;
    states.set(actorRef.sessionId, state);
    // Adds the method of a request. Secrets are replaced by pseudonyms, except with `redact: false`.
    const { method } = snapshot.context ?? {};
    print(`${actorRef.logic.config?.id ?? actorRef.id}${method ? ` ${method}` : ''}: ${state}`);
  };

  await using client = await MCPClient.connect(
    {
      command: process.execPath,
      args: [require.resolve('@modelcontextprotocol/server-everything/dist/index.js'), 'stdio'],
    },
    { inspect },
  );
  await client.callTool('echo', { message: 'hello' });
}
