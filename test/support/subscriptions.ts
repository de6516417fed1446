import type { MCPClient } from '../../src/index.js';
import type { ReceivedRequest, ScriptedServer } from './servers/scripts.js';

export const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
export const LISTEN = 'subscriptions/listen';

/** What a `subscriptions/listen` asks for. */
export function wanted({ params }: ReceivedRequest): unknown {
  return params?.['notifications'];
}

/** Says something on the stream that a request opened. */
export function say(server: ScriptedServer, { id }: ReceivedRequest, method: string, params: object = {}): void {
  server.notify(method, { ...params, _meta: { [SUBSCRIPTION]: id } });
}

export function acknowledge(server: ScriptedServer, listen: ReceivedRequest, honoured: unknown = wanted(listen)): void {
  say(server, listen, 'notifications/subscriptions/acknowledged', { notifications: honoured });
}

/** Watches a resource, which the server acknowledges. Resolves with what it was asked for. */
export async function watched(
  { client, server }: { readonly client: MCPClient; readonly server: ScriptedServer },
  uri: string,
): Promise<ReceivedRequest> {
  const done = client.subscribe(uri);
  const listen = await server.receive(LISTEN);
  acknowledge(server, listen);
  await done;
  return listen;
}
