// The demonstration of `npm start`: prints each state, the lists of the server, and a few calls.
import { HttpTransport, MCPClient, StdioTransport } from 'mcp-actors';
import type { MCPTool, MCPTransport } from 'mcp-actors';

/** Calls for the default server. */
const TOUR: readonly (readonly [string, Record<string, unknown>])[] = [
  ['echo', { message: 'hello from mcp-actors' }],
  ['get-sum', { a: 5, b: 3 }],
  ['trigger-long-running-operation', { duration: 1, steps: 4 }],
];

/** For any other server: calls of tools that only read and need no arguments. */
function harmless(tools: readonly MCPTool[]): (readonly [string, Record<string, unknown>])[] {
  const callable = tools.filter(({ annotations, inputSchema: { required } }) => {
    return annotations?.readOnlyHint === true && !(Array.isArray(required) && required.length > 0);
  });
  return callable.slice(0, 3).map(({ name }) => [name, {}] as const);
}

function section(title: string, names: readonly string[]): void {
  console.log(`${title} (${names.length}): ${names.join(', ') || 'none'}`);
}

/** The server: the given URL or command, or the default server of all examples. */
function chosenTransport([first, ...rest]: readonly string[]): MCPTransport {
  if (first !== undefined && /^https?:/.test(first)) return new HttpTransport(first);
  const everything = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');
  const [command, args] = first === undefined ? [process.execPath, [everything, 'stdio']] : [first, rest];
  // Closes the server on Ctrl+C.
  return new StdioTransport(command, args, { handleSignals: true });
}

async function main(): Promise<void> {
  const transport = chosenTransport(process.argv.slice(2));
  await using client = new MCPClient(transport, { autoReconnect: true });
  client.on('state', (state) => {
    console.log(`· ${state}`);
  });
  client.on('error', (problem) => {
    console.log(`! ${problem.message}`);
  });

  console.log(`· ${client.state}`);
  const server = await client.connect();
  console.log(`${server.title ?? server.name ?? 'a server without a name'}, ${server.protocolVersion} (${server.era})`);

  const capabilities = await client.getCapabilities();
  const tools = capabilities.includes('tools') ? await client.listTools() : [];
  section(
    'tools',
    tools.map(({ name }) => name),
  );
  if (capabilities.includes('resources'))
    section(
      'resources',
      (await client.listResources()).map(({ name }) => name),
    );
  if (capabilities.includes('prompts'))
    section(
      'prompts',
      (await client.listPrompts()).map(({ name }) => name),
    );

  const known = TOUR.filter(([name]) => tools.some((tool) => tool.name === name));
  for (const [name, input] of known.length > 0 ? known : harmless(tools)) {
    const result = await client.callTool(name, input, {
      onToolError: 'return',
      onProgress: ({ progress, total }) => {
        console.log(`  ${name}: ${progress}${total === undefined ? '' : ` of ${total}`}`);
      },
    });
    const [first] = result.content;
    console.log(`${name} → ${first?.type === 'text' ? first.text.slice(0, 200) : (first?.type ?? 'nothing')}`);
  }
  console.log(`ping: ${(await client.ping()).toFixed(1)} ms`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error && 'explain' in error ? (error as { explain(): string }).explain() : error);
  process.exitCode = 1;
});
