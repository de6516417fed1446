import { MCPError } from '../errors.js';
import { StdioTransport } from '../transports/stdio.js';
import type { MCPTransport } from '../transports/transport.js';

/** One entry of an `mcpServers` file that starts a process. */
export interface StdioServerEntry {
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** Some files say `"stdio"` here. */
  readonly type?: string | undefined;
}

/** What {@link MCPClient.connect} can connect to. */
export type ConnectTarget = MCPTransport | StdioServerEntry;

/** Connects something that was made for it. When that fails, nobody has hold of it to end what it may still be doing. */
export async function connectOrDispose(made: AsyncDisposable, connect: () => Promise<unknown>): Promise<void> {
  try {
    await connect();
  } catch (thrown) {
    // Not awaited: the caller need not wait for a process to go.
    void made[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** The transport that an entry of an `mcpServers` file describes. The entry is somebody's file, so it is checked. */
export async function transportFor(entry: StdioServerEntry): Promise<MCPTransport> {
  const z = await import('zod');
  const parsed = z
    .looseObject({
      command: z.string().min(1),
      args: z.array(z.string()).default([]),
      env: z.record(z.string(), z.string()).optional(),
      cwd: z.string().optional(),
      type: z.literal('stdio').optional(),
    })
    .safeParse(entry);
  if (!parsed.success) {
    // Paths only: the values may hold secrets.
    const problems = parsed.error.issues.map(({ path, code }) => `${path.join('.') || 'the entry'}: ${code}`);
    throw new MCPError(`Invalid server entry: ${problems.join(', ')}`, {
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      details: { problems },
    });
  }
  const { command, args, env, cwd } = parsed.data;
  return new StdioTransport(command, args, { ...(env && { env }), ...(cwd !== undefined && { cwd }) });
}
