/**
 * The rules by which providers of language models refuse tool definitions. One refused tool fails the whole request, so it costs all tools of
 * all servers. Pure: a definition in, refusals out. Providers change their rules without notice: {@link CHECKED} is the date of these.
 */

/** A provider with rules of its own. */
export type Provider = 'openai' | 'anthropic' | 'google';

/** The names of the providers, for people. */
export const PROVIDERS: Readonly<Record<Provider, string>> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  google: 'Google',
};

/** The day on which the rules were compared with their sources. */
export const CHECKED = '2026-11-30';

/** A tool definition, as a server lists it. */
export interface ToolDefinition {
  readonly name: string;
  readonly inputSchema?: unknown;
}

/** Why a provider refuses a tool. */
export interface ProviderRefusal {
  readonly provider: Provider;
  /** The name of the rule in {@link PROVIDER_RULES}. */
  readonly rule: string;
  /** The place in the definition, such as `inputSchema.properties.ids`. Its parts are texts of the server. */
  readonly path: string;
  /** The reason, in words that follow the name of the tool. It may contain texts of the server. */
  readonly reason: string;
  /** What the author of the server can do. */
  readonly fix: string;
}

/** A rule of a provider. */
export interface ProviderRule {
  readonly name: string;
  readonly providers: readonly Provider[];
  /** Threads with the response of the provider, as repository#number. */
  readonly sources: readonly string[];
  /** The first place that breaks the rule. */
  readonly check: (tool: ToolDefinition, nodes: readonly SchemaNode[]) => Violation | undefined;
}

type Violation = Pick<ProviderRefusal, 'path' | 'reason' | 'fix'>;

/** A JSON Schema, or a schema inside of it. */
interface SchemaNode {
  readonly path: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

const ROOT = 'inputSchema';

/** The rules. A tool is refused if it breaks any rule of a provider. */
export const PROVIDER_RULES: readonly ProviderRule[] = [
  nameRule('openai', /^[a-zA-Z0-9_-]{1,64}$/, 'at most 64 letters, digits, "_" and "-"', ['nanbingxyz/5ire#403']),
  nameRule('anthropic', /^[a-zA-Z0-9_-]{1,128}$/, 'at most 128 letters, digits, "_" and "-"', [
    'home-assistant/core#147760',
    'anthropics/claude-code#96152',
  ]),
  nameRule(
    'google',
    /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/,
    'at most 64 letters, digits, "_", ".", ":" and "-", and begin with a letter or "_"',
    ['google-gemini/gemini-cli#2966', 'Finerestaurant/kicad-mcp-python#2'],
  ),
  {
    name: 'object',
    providers: ['openai', 'anthropic', 'google'],
    sources: ['blurrah/mcp-graphql#14'],
    check: ({ inputSchema }) => {
      if (isObject(inputSchema) && inputSchema.type === 'object') return undefined;
      return { path: ROOT, reason: 'its schema is not an object with `type: "object"`', fix: 'Add `type: "object"`.' };
    },
  },
  {
    name: 'top-level',
    providers: ['openai', 'anthropic'],
    sources: ['langchain-ai/langchain#39271', 'anomalyco/opencode#46628', 'zereight/gitlab-mcp#552'],
    check: ({ inputSchema }) => topLevel(inputSchema, ['oneOf', 'anyOf', 'allOf']),
  },
  {
    name: 'top-level-enum-not',
    providers: ['openai'],
    sources: ['langchain-ai/langchainjs#9804', 'cecli-dev/cecli#281'],
    check: ({ inputSchema }) => topLevel(inputSchema, ['enum', 'not']),
  },
  {
    name: 'properties',
    providers: ['openai'],
    sources: ['langchain-ai/langchain-mcp-adapters#137', 'inboxapi/cli#106'],
    check: ({ inputSchema }) => {
      if (!isObject(inputSchema) || inputSchema.type !== 'object' || isObject(inputSchema.properties)) return undefined;
      return { path: ROOT, reason: 'its schema has no `properties`', fix: 'Add `properties: {}`.' };
    },
  },
  {
    name: 'array-items',
    providers: ['openai'],
    sources: ['mark3labs/mcphost#35', 'ruvnet/ruflo#1294', 'garrytan/gbrain#1028'],
    check: (_tool, nodes) => {
      const node = nodes.find(({ schema }) => typesOf(schema).includes('array') && !hasItems(schema));
      return (
        node && { path: node.path, reason: 'an array has no `items`', fix: 'Add `items` with the type of its values.' }
      );
    },
  },
  {
    name: 'property-names',
    providers: ['anthropic'],
    sources: ['anthropics/claude-code#79418', 'decocms/studio#6874', 'ComposioHQ/composio#3500'],
    // Only the properties of the root are checked.
    check: ({ inputSchema }) => {
      const names =
        isObject(inputSchema) && isObject(inputSchema.properties) ? Object.keys(inputSchema.properties) : [];
      const name = names.find((one) => !/^[a-zA-Z0-9_.-]{1,64}$/.test(one));
      if (name === undefined) return undefined;
      return {
        path: `${ROOT}.properties`,
        reason: `the name of the property "${name}" must be at most 64 letters, digits, "_", "." and "-"`,
        fix: 'Rename the property.',
      };
    },
  },
  {
    name: 'draft-2020-12',
    providers: ['anthropic'],
    sources: ['anthropics/claude-code#586', 'boshyxd/robloxstudio-mcp#69'],
    check: (_tool, nodes) => {
      for (const { path, schema } of nodes) {
        if (Array.isArray(schema.items))
          return { path, reason: '`items` is a list, as before draft 2020-12', fix: 'Use `prefixItems`.' };
        const limit = ['exclusiveMinimum', 'exclusiveMaximum'].find((one) => typeof schema[one] === 'boolean');
        if (limit !== undefined)
          return {
            path,
            reason: `\`${limit}\` is a boolean, as in draft 4`,
            fix: 'Write the limit itself as its value.',
          };
      }
      return undefined;
    },
  },
  {
    name: 'types',
    providers: ['openai', 'anthropic', 'google'],
    sources: ['blurrah/mcp-graphql#14'],
    check: (_tool, nodes) => {
      for (const { path, schema } of nodes) {
        const type = typesOf(schema).find((one) => typeof one !== 'string' || !TYPES.has(one));
        if (type === undefined) continue;
        const shown = typeof type === 'string' ? `"${type}"` : `a ${typeof type}`;
        return {
          path,
          reason: `the type ${shown} does not exist in JSON Schema`,
          fix: `Use one of ${[...TYPES].join(', ')}.`,
        };
      }
      return undefined;
    },
  },
  {
    name: 'references',
    providers: ['openai', 'anthropic', 'google'],
    sources: ['google-gemini/gemini-cli#13326'],
    check: ({ inputSchema }, nodes) => {
      const node = nodes.find(
        ({ schema }) => typeof schema.$ref === 'string' && resolveReference(inputSchema, schema.$ref) === undefined,
      );
      return (
        node && {
          path: node.path,
          reason: `the reference "${String(node.schema.$ref)}" leads to nothing in the schema`,
          fix: 'Put the schema into `$defs`, and refer to it as "#/$defs/name".',
        }
      );
    },
  },
  {
    name: 'reference-siblings',
    providers: ['google'],
    sources: ['anomalyco/opencode#12295'],
    check: (_tool, nodes) => {
      for (const { path, schema } of nodes) {
        if (typeof schema.$ref !== 'string') continue;
        const other = Object.keys(schema).find(
          (key) => !key.startsWith('$') && key !== 'description' && key !== 'default',
        );
        if (other !== undefined)
          return {
            path,
            reason: `\`${other}\` stands beside \`$ref\``,
            fix: 'Move it into the schema that `$ref` names.',
          };
      }
      return undefined;
    },
  },
  {
    name: 'recursion',
    providers: ['google'],
    sources: ['google-gemini/gemini-cli#14945', 'pydantic/pydantic-ai#1598'],
    check: ({ inputSchema }, nodes) => {
      const node = nodes.find(({ schema }) => isRecursive(inputSchema, schema.$ref));
      return (
        node && {
          path: node.path,
          reason: 'its schema refers to itself',
          fix: 'Limit the depth, or use `type: "object"`.',
        }
      );
    },
  },
];

/** The providers that refuse a tool, each with its first reason for each rule. Never throws. */
export function refusalsOf(tool: ToolDefinition, rules: readonly ProviderRule[] = PROVIDER_RULES): ProviderRefusal[] {
  const nodes = [...nodesOf(tool.inputSchema)];
  return rules.flatMap(({ name, providers, check }) => {
    const violation = check(tool, nodes);
    return violation === undefined ? [] : providers.map((provider) => ({ provider, rule: name, ...violation }));
  });
}

function nameRule(provider: Provider, pattern: RegExp, allowed: string, sources: readonly string[]): ProviderRule {
  return {
    name: 'name',
    providers: [provider],
    sources,
    check: ({ name }) =>
      pattern.test(name) ? undefined : { path: 'name', reason: `its name must be ${allowed}`, fix: 'Rename the tool.' },
  };
}

function topLevel(schema: unknown, keywords: readonly string[]): Violation | undefined {
  const found = isObject(schema) ? keywords.find((one) => one in schema) : undefined;
  if (found === undefined) return undefined;
  return {
    path: `${ROOT}.${found}`,
    reason: `its schema has \`${found}\` at the top level`,
    fix: 'Write one object with all properties, and describe in words which of them belong together.',
  };
}

const TYPES: ReadonlySet<string> = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);

function typesOf({ type }: SchemaNode['schema']): readonly unknown[] {
  if (type === undefined) return [];
  return Array.isArray(type) ? (type as unknown[]) : [type];
}

function hasItems({ items, prefixItems }: SchemaNode['schema']): boolean {
  return items !== undefined || prefixItems !== undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Bounds of a walk through the schema of an untrusted server. The rest is not checked. */
const MOST_NODES = 20_000;
const DEEPEST = 100;

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const SCHEMAS = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'] as const;
const LISTS = ['oneOf', 'anyOf', 'allOf', 'prefixItems', 'items'] as const;
const MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'] as const;

/** The schema and all schemas inside of it. References are not followed. */
function* nodesOf(root: unknown): Iterable<SchemaNode> {
  const open: { readonly path: string; readonly value: unknown; readonly depth: number }[] = [
    { path: ROOT, value: root, depth: 0 },
  ];
  for (let count = 0; count < MOST_NODES; count += 1) {
    const next = open.shift();
    if (next === undefined) return;
    const { path, value, depth } = next;
    if (!isObject(value) || depth > DEEPEST) continue;
    yield { path, schema: value };
    const add = (name: string, inner: unknown): void => {
      open.push({ path: `${path}.${name}`, value: inner, depth: depth + 1 });
    };
    for (const keyword of SCHEMAS) if (isObject(value[keyword])) add(keyword, value[keyword]);
    for (const keyword of LISTS) {
      const list = value[keyword];
      if (Array.isArray(list)) list.forEach((inner, at) => add(`${keyword}[${at}]`, inner));
    }
    for (const keyword of MAPS) {
      const map = value[keyword];
      if (isObject(map)) for (const [name, inner] of Object.entries(map)) add(`${keyword}.${name}`, inner);
    }
  }
}

/** The schema to which a local reference leads; undefined if there is none, or if it leads elsewhere. */
export function resolveReference(root: unknown, reference: string): unknown {
  if (reference === '#') return root;
  if (!reference.startsWith('#')) return undefined;
  if (!reference.startsWith('#/')) return anchored(root, reference.slice(1));
  let value = root;
  for (const part of reference.slice(2).split('/')) {
    const key = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

function anchored(root: unknown, name: string): unknown {
  for (const { schema } of nodesOf(root)) if (schema.$anchor === name || schema.$dynamicAnchor === name) return schema;
  return undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Whether the schema to which a reference leads has the same reference in it, directly or through others. */
function isRecursive(root: unknown, start: unknown): boolean {
  if (typeof start !== 'string') return false;
  const seen = new Set<string>();
  const open = [start];
  for (;;) {
    const reference = open.pop();
    if (reference === undefined || seen.size > MOST_NODES) return false;
    for (const { schema } of nodesOf(resolveReference(root, reference))) {
      if (typeof schema.$ref !== 'string') continue;
      if (schema.$ref === start) return true;
      if (seen.has(schema.$ref)) continue;
      seen.add(schema.$ref);
      open.push(schema.$ref);
    }
  }
}
