// What the compiler has to say about the public types. `tsc --noEmit` is the test: jest does not run this file.
import * as v from 'valibot';
import { z } from 'zod';

import {
  MCPAuthenticationError,
  MCPCapabilityError,
  MCPClient,
  MCPConnection,
  MCPError,
  MCPProtocol,
  MCPTimeoutError,
  MCPToolError,
  MCPTransport,
  MCPTransportError,
} from '../../src/index.js';
import type {
  CallToolOptions,
  CallToolResult,
  ClientHealth,
  ConnectTarget,
  ConnectionHealth,
  ConnectionInfo,
  ConnectionState,
  ConnectionStatus,
  ContentBlock,
  Delivery,
  Failure,
  GetPromptResult,
  InspectTarget,
  Link,
  LinkEvents,
  ListOptions,
  LoadedSkill,
  MCPCapability,
  MCPClientEvents,
  MCPClientOptions,
  MCPConnectionOptions,
  MCPErrorOptions,
  MCPPrompt,
  MCPProtocolOptions,
  MCPProtocolVersion,
  MCPResource,
  MCPResourceTemplate,
  MCPSkill,
  MCPTool,
  Progress,
  ReadResourceResult,
  RequestOptions,
  ServerInfo,
  SkillFile,
  Skills,
  StdioTransportOptions,
  ToolsDifference,
  TypedToolResult,
  MCPConnectionError,
  MCPProtocolError,
  StdioTransport,
  MemoryTransport,
} from '../../src/index.js';

type Equal<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
type IsAny<T> = 0 extends 1 & T ? true : false;
/** Whether there is an `any` in what a function takes or gives, or in what a value is. */
type AnyIn<T> =
  IsAny<T> extends true
    ? true
    : T extends (...args: infer Args) => infer Result
      ? AnyIn<Args[number]> | AnyIn<Awaited<Result>>
      : T extends readonly (infer Item)[]
        ? IsAny<Item>
        : false;
/** The names of the members with an `any` in them. */
type AnyMembers<T> = { [Key in keyof T]-?: true extends AnyIn<T[Key]> ? Key : never }[keyof T];

/** Compiles only for `true`. */
function holds<T extends true>(): T | undefined {
  return undefined;
}

// No `any` comes out, and none is asked for.
holds<Equal<AnyMembers<MCPClient>, never>>();
holds<Equal<AnyMembers<MCPConnection>, never>>();
holds<Equal<AnyMembers<MCPProtocol>, never>>();
holds<Equal<AnyMembers<MCPTransport>, never>>();
holds<Equal<AnyMembers<StdioTransport>, never>>();
holds<Equal<AnyMembers<MCPError>, never>>();
holds<Equal<AnyMembers<MCPTransportError>, never>>();
holds<Equal<AnyMembers<MCPToolError>, never>>();
holds<Equal<AnyMembers<MCPClientOptions>, never>>();
holds<Equal<AnyMembers<MCPConnectionOptions>, never>>();
holds<Equal<AnyMembers<MCPProtocolOptions>, never>>();
holds<Equal<AnyMembers<CallToolOptions>, never>>();
holds<Equal<AnyMembers<ListOptions>, never>>();
holds<Equal<AnyMembers<MCPClientEvents>, never>>();
holds<Equal<AnyMembers<MCPErrorOptions>, never>>();
holds<Equal<AnyMembers<ServerInfo>, never>>();
holds<Equal<AnyMembers<ConnectionInfo>, never>>();
holds<Equal<AnyMembers<ConnectionHealth>, never>>();
holds<Equal<AnyMembers<ClientHealth>, never>>();
holds<Equal<AnyMembers<CallToolResult>, never>>();
holds<Equal<AnyMembers<MCPTool>, never>>();
holds<Equal<AnyMembers<MCPSkill>, never>>();
holds<Equal<AnyMembers<Skills>, never>>();
holds<Equal<AnyMembers<LoadedSkill>, never>>();
holds<Equal<AnyMembers<SkillFile>, never>>();
holds<Equal<AnyMembers<Failure>, never>>();
holds<Equal<AnyMembers<Link>, never>>();
holds<Equal<AnyMembers<LinkEvents>, never>>();

// What has exactly these values.
holds<
  Equal<ConnectionState, 'idle' | 'connecting' | 'initializing' | 'ready' | 'degraded' | 'reconnecting' | 'closed'>
>();
holds<Equal<ConnectionStatus, 'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'error'>>();
holds<Equal<Delivery, 'not-sent' | 'unknown' | 'answered'>>();
holds<Equal<MCPProtocolVersion, '2024-11-05' | '2025-03-26' | '2025-06-18' | '2025-11-25' | '2026-07-28'>>();

// What the methods give.
declare const client: MCPClient;
declare const connection: MCPConnection;
declare const protocol: MCPProtocol;
holds<Equal<ReturnType<typeof client.connect>, Promise<ServerInfo>>>();
holds<Equal<ReturnType<typeof client.listTools>, Promise<MCPTool[]>>>();
holds<Equal<ReturnType<typeof client.listPrompts>, Promise<MCPPrompt[]>>>();
holds<Equal<ReturnType<typeof client.listResources>, Promise<MCPResource[]>>>();
holds<Equal<ReturnType<typeof client.listResourceTemplates>, Promise<MCPResourceTemplate[]>>>();
holds<Equal<ReturnType<typeof client.skills.list>, Promise<MCPSkill[]>>>();
holds<Equal<ReturnType<typeof client.skills.get>, Promise<MCPSkill>>>();
holds<Equal<ReturnType<typeof client.skills.read>, Promise<LoadedSkill>>>();
holds<Equal<ReturnType<typeof client.callTool>, Promise<CallToolResult>>>();
holds<Equal<ReturnType<typeof client.readResource>, Promise<ReadResourceResult>>>();
holds<Equal<ReturnType<typeof client.getPrompt>, Promise<GetPromptResult>>>();
holds<Equal<ReturnType<typeof client.getCapabilities>, Promise<MCPCapability[]>>>();
holds<Equal<ReturnType<typeof client.request>, Promise<object>>>();
holds<Equal<ReturnType<typeof client.isConnected>, boolean>>();
holds<Equal<typeof client.state, ConnectionState>>();
holds<Equal<ReturnType<typeof connection.connect>, Promise<MCPClient>>>();
holds<Equal<ReturnType<typeof connection.reconnect>, Promise<MCPClient | null>>>();
holds<Equal<typeof connection.client, MCPClient | null>>();
holds<Equal<typeof connection.lastError, MCPError | undefined>>();
holds<Equal<ReturnType<typeof protocol.initialize>, Promise<ServerInfo>>>();

// The kinds of content are told apart by their type.
export function textsOf(content: readonly ContentBlock[]): string[] {
  return content.flatMap((block) => (block.type === 'text' && 'text' in block ? [String(block.text)] : []));
}

// Listeners get what their event brings.
holds<Equal<MCPClientEvents['state'], [state: ConnectionState, from: ConnectionState]>>();
client.on('state', (state, from) => `${from satisfies ConnectionState} → ${state satisfies ConnectionState}`);
client.on('toolsChanged', (difference) => difference satisfies ToolsDifference);
client.on('error', (error) => error satisfies MCPError);
// @ts-expect-error there is no such event
client.on('connected', () => undefined);

// isInstance narrows to its class.
export function codeOf(thrown: unknown): unknown {
  if (MCPToolError.isInstance(thrown)) return thrown.result?.content;
  if (MCPTransportError.isInstance(thrown)) return [thrown.exitCode, thrown.signal, thrown.stderr, thrown.status];
  return MCPError.isInstance(thrown) ? thrown.code : undefined;
}

// One class extends the other.
export const asConnectionErrors: MCPConnectionError[] = [new MCPTimeoutError('x'), new MCPTransportError('x')];
export const asProtocolErrors: MCPProtocolError[] = [new MCPCapabilityError('x')];
export const asErrors: MCPError[] = [...asConnectionErrors, ...asProtocolErrors, new MCPAuthenticationError('x')];

// `await using` takes all of them.
export const disposables: AsyncDisposable[] = [client, connection, protocol, client.transport];

// Targets and inspectors that people have.
export const targets: ConnectTarget[] = [
  client.transport,
  { command: 'npx', args: ['-y', 'server'], env: { A: 'b' }, cwd: '/', type: 'stdio' },
  { command: 'server' },
  {
    command: 'server',
    url: undefined,
    cwd: null,
    env: { PORT: 3_000, DEBUG: true, HOME: null },
    args: ['--port', 3_000],
  },
  { url: 'https://a.invalid/mcp', command: null, headers: { 'X-Key': 'a' }, type: 'http' },
  { serverUrl: 'https://a.invalid/mcp', headers: new Map([['X-Key', 'a']]) },
  { httpUrl: 'https://a.invalid/mcp', url: undefined },
  'https://a.invalid/mcp',
  new URL('wss://a.invalid/mcp'),
];
// @ts-expect-error there is no such key
export const misspeltEntry: ConnectTarget = { comand: 'server' };
// @ts-expect-error one of them has to be there
export const emptyEntry: ConnectTarget = {};

// Whatever a client connects to, it is constructed with.
holds<Equal<(typeof targets)[number] extends Parameters<typeof MCPClient.connect>[0] ? true : false, true>>();
export const constructed = (): unknown[] => [
  new MCPClient({ command: 'server' }, { connectTimeout: 5 }),
  new MCPProtocol('https://a.invalid/mcp'),
  new MCPConnection('a', { url: 'https://a.invalid/mcp' }, { connectTimeout: 5 }),
  new MCPConnection('a', 'https://a.invalid/mcp', { connectionTimeout: 5 }),
];

// A tool is called by name and arguments, or as with the official client.
export const calls = (): Promise<CallToolResult>[] => [
  client.callTool('a'),
  client.callTool('a', { b: 1 }, { timeout: 5 }),
  client.callTool({ name: 'a', arguments: { b: 1 }, _meta: {} }, { timeout: 5 }),
  client.callTool({ name: 'a' }, undefined, { timeout: 5 }),
];
const counted = z.object({ count: z.coerce.number() });
holds<Equal<Awaited<ReturnType<typeof typedCall>>['structuredContent'], { count: number }>>();
export const typedCall = () => client.callTool('a', {}, { schema: counted, timeout: 5 });
export const typedCallOf = () => client.protocol.callTool({ name: 'a' }, { schema: v.object({ count: v.number() }) });
holds<Equal<Awaited<ReturnType<typeof typedCallOf>>['structuredContent'], { count: number }>>();
export async function failedOrTyped(): Promise<number | undefined> {
  const result = await client.callTool('a', {}, { schema: counted, onToolError: 'return' });
  return result.isError === true ? undefined : result.structuredContent.count;
}
// @ts-expect-error -- a parser is not a Standard Schema
export const notStandard = client.callTool('a', {}, { schema: { parse: () => 7 } });
// @ts-expect-error -- the type of the schema
export const wronglyTyped: Promise<TypedToolResult<string>> = client.callTool('a', {}, { schema: counted });
export const parsed: Promise<number> = client.callTool({ name: 'a' }, { parse: () => 7 }, { timeout: 5 });
// @ts-expect-error there is no such option
export const misspeltCall = client.callTool({ name: 'a' }, { timout: 5 });
// @ts-expect-error the arguments are called arguments
export const otherCall = client.callTool({ name: 'a', args: {} });
export const inspectors: InspectTarget[] = [
  (event) => void event,
  { next: (event: unknown) => void event },
  { inspect: { next: (event: unknown) => void event } },
  { inspect: (event: unknown) => void event, redact: false },
];

// A transport of one's own is one method.
export class OwnTransport extends MCPTransport {
  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    signal.throwIfAborted();
    return Promise.resolve({
      send: (message) => {
        events.message(message);
        return undefined;
      },
      close: () => Promise.resolve(),
    });
  }
}

// What is not there cannot be said, with exactOptionalPropertyTypes and without.
export const options: MCPClientOptions = { timeout: undefined, autoReconnect: true, era: '2025-06-18' };
export const stdio: StdioTransportOptions = { env: { TOKEN: undefined }, inheritEnv: ['PATH'] };
export const call: CallToolOptions = {
  signal: undefined,
  onProgress: ({ progress, total }: Progress) => [progress, total],
};
export const plain: RequestOptions = call;
// @ts-expect-error there is no such option
export const misspelt: MCPClientOptions = { timeOut: 5 };
// @ts-expect-error there is no such revision
export const future: MCPClientOptions = { era: '1.0' };
// A pair of transports is made by pair().
holds<Equal<typeof MemoryTransport extends new () => unknown ? true : false, false>>();
// @ts-expect-error what is known of a server does not change by hand
client.state = 'ready';
