import * as z from 'zod/mini';

// The schema of our own files. It checks the member "mcpActors" of entries, and the build writes `mcp-actors.schema.json` from all of it.
// No declaration that users can reach may mention zod.

const texts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const positive = z.number().check(z.positive());
const wholeNumber = z.int().check(z.positive());

const described = <Schema extends z.core.$ZodType>(schema: Schema, description: string): Schema => {
  z.globalRegistry.add(schema, { description });
  return schema;
};

/** The member "mcpActors" of an entry. */
export const settingsSchema = z.strictObject({
  lazy: z.optional(described(z.boolean(), 'Start the server with the first call.')),
  idleTimeout: z.optional(described(positive.clone(), 'Stop the server after this time without a call, in ms.')),
  concurrency: z.optional(described(wholeNumber.clone(), 'The most calls at the same time.')),
  era: z.optional(described(z.string(), '"auto", "modern", "legacy", or a revision such as "2025-11-25".')),
  keep: z.optional(described(z.boolean(), 'Keep the server running between commands.')),
  replicas: z.optional(described(wholeNumber.clone(), 'How many copies of the server run.')),
  pin: z.optional(
    described(
      z.union([z.boolean(), z.string()]),
      'Compare the tools with the lock file, or with the file at this path.',
    ),
  ),
});

const entrySchema = z.looseObject({
  type: z.optional(
    described(z.enum(['stdio', 'http', 'streamable-http', 'sse', 'ws']), 'The transport. Default: by the other keys.'),
  ),
  command: z.optional(described(z.string(), 'The program to start.')),
  args: z.optional(described(z.array(z.union([z.string(), z.number(), z.boolean()])), 'Its arguments.')),
  env: z.optional(described(texts.clone(), 'Environment variables. ${X} and ${X:-default} are expanded.')),
  cwd: z.optional(described(z.string(), 'The working directory.')),
  url: z.optional(described(z.string(), 'The URL of the server.')),
  headers: z.optional(described(texts.clone(), 'Headers of all requests.')),
  headersHelper: z.optional(described(z.string(), 'A command that prints headers as a JSON object.')),
  timeout: z.optional(described(positive.clone(), 'Timeout of a request, in ms.')),
  oauth: z.optional(
    z.looseObject({
      clientId: z.optional(z.string()),
      callbackPort: z.optional(wholeNumber.clone()),
      authServerMetadataUrl: z.optional(z.string()),
      scopes: z.optional(z.string()),
    }),
  ),
  disabled: z.optional(described(z.boolean(), 'Switch the server off.')),
  tools: z.optional(described(z.array(z.string()), 'The only tools to use; "*" for all.')),
  excludeTools: z.optional(described(z.array(z.string()), 'Tools not to use.')),
  mcpActors: z.optional(settingsSchema),
});

/** A whole file. */
export const fileSchema = z.looseObject({
  $schema: z.optional(z.string()),
  mcpServers: described(z.record(z.string(), entrySchema), 'The servers by name.'),
});

/** The JSON Schema of a file, for editors. */
export function jsonSchema(): unknown {
  return { title: 'MCP servers', ...z.toJSONSchema(fileSchema, { target: 'draft-7', io: 'input' }) };
}
