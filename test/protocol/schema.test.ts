import path from 'node:path';
import ts from 'typescript';
import type { CallToolResult, ContentBlock, ServerNotification } from '../../src/protocol/schema/index.js';
import { readDefinitions, readExamples } from '../support/official-schema.js';
import type { SchemaNode } from '../support/official-schema.js';

const CURRENT = '2026-07-28';
const OLDER = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];

/** Types that have another name here than in the official schema. */
const RENAMED: Readonly<Record<string, string>> = {
  Tool: 'MCPTool',
  Prompt: 'MCPPrompt',
  Resource: 'MCPResource',
  ResourceTemplate: 'MCPResourceTemplate',
};

/** Definitions that belong to JSON-RPC and to what is generic in it, or that only put others together. */
const OF_THE_ENVELOPE =
  /^(JSONRPC.*|RequestId|Request|Notification|PaginatedRequest|.*ResultResponse|Error|.*Error|(Client|Server)(Request|Result))$/;

/** Definitions of older revisions that this library has no type for: the tasks of 2025-11-25, and former names. */
const NOT_TYPED = new Set([
  ...['CancelTaskRequest', 'CancelTaskResult', 'GetTaskRequest', 'GetTaskResult', 'GetTaskPayloadRequest'],
  ...['GetTaskPayloadResult', 'ListTasksRequest', 'ListTasksResult', 'TaskAugmentedRequestParams'],
  ...['SubscribeRequestParams', 'UnsubscribeRequestParams', 'Annotated', 'ResourceReference'],
]);

/** Required in 2026-07-28, but optional here: older servers do not send it, or the client fills it in. */
const REQUIRED_SINCE = /^(resultType|ttlMs|cacheScope|_meta)$|^io\.modelcontextprotocol\//;

const schemaIndex = path.join(__dirname, '../../src/protocol/schema/index.ts');
const virtualFile = path.join(__dirname, 'official-examples.ts');

const options: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  module: ts.ModuleKind.Node18,
  types: [],
  skipLibCheck: true,
};

/** A program of the schema's types and of `text`, as if it were a file in this folder. */
function compile(text: string): ts.Program {
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.getSourceFile = (file, ...rest) =>
    file === virtualFile ? ts.createSourceFile(file, text, ts.ScriptTarget.ES2022) : getSourceFile(file, ...rest);
  host.fileExists = (file) => file === virtualFile || fileExists(file);
  return ts.createProgram([schemaIndex, virtualFile], options, host);
}

const isTyped = ({ type }: { type: string }): boolean => !type.endsWith('Error');
const examples = readExamples().filter(isTyped);

/** One constant for each example, under its official type. Fields that the type does not know do not compile. */
const exampleCode = examples
  .map(({ type, value }, index) => {
    const own = type.replace(/Response$/, '');
    const name = RENAMED[own] ?? own;
    const envelope = /(Request|Notification)$/.test(type) ? " & { jsonrpc?: '2.0'; id?: string | number }" : '';
    const shown = type.endsWith('Response') ? value.result : value;
    return `export const example${index}: schema.${name}${envelope} = ${JSON.stringify(shown)};`;
  })
  .join('\n');

const program = compile(`import type * as schema from '../../src/protocol/schema/index.js';\n${exampleCode}`);
const checker = program.getTypeChecker();

const exported = new Map<string, ts.Type>();
{
  const file = program.getSourceFile(schemaIndex);
  const module = file && checker.getSymbolAtLocation(file);
  for (const symbol of module ? checker.getExportsOfModule(module) : []) {
    exported.set(symbol.name, checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol)));
  }
}

/** What only older revisions define: our unions have it, too. */
const ofOlderRevisions = new Set(OLDER.flatMap((revision) => Object.keys(readDefinitions(revision))));
for (const name of Object.keys(readDefinitions(CURRENT))) ofOlderRevisions.delete(name);

const ourName = (official: string): string => RENAMED[official] ?? official;
const definitionName = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);

/** A property of an object, or of one of the objects in a union. */
function propertyOf(type: ts.Type, name: string): ts.Symbol | undefined {
  if (!type.isUnion()) return type.getProperty(name);
  return type.types.map((part) => part.getProperty(name)).find((symbol) => symbol !== undefined);
}

/** How our types differ from the definitions of one revision, as lines such as `MCPTool.icons: missing`. */
function differences(revision: string): string[] {
  const definitions = readDefinitions(revision);
  const isCurrent = revision === CURRENT;
  const lines: string[] = [];

  const resolve = (node: SchemaNode): SchemaNode => {
    const target = node.$ref === undefined ? undefined : definitions[definitionName(node.$ref)];
    return target === undefined ? node : resolve(target);
  };

  /** The names of the objects that a node allows, unions of unions laid flat. */
  const objectNames = (node: SchemaNode): string[] => {
    if (node.anyOf !== undefined) return node.anyOf.flatMap(objectNames);
    if (node.$ref === undefined) return [];
    const target = definitions[definitionName(node.$ref)];
    if (target?.anyOf !== undefined || target?.$ref !== undefined) return objectNames(target);
    return target?.type === 'object' || target?.allOf !== undefined ? [ourName(definitionName(node.$ref))] : [];
  };

  const compareObject = (where: string, node: SchemaNode, type: ts.Type): void => {
    for (const [name, property] of Object.entries(node.properties ?? {})) {
      // The envelope of a message is JSON-RPC's.
      if (/(Request|Notification)$/.test(where) && (name === 'jsonrpc' || name === 'id')) continue;
      const symbol = propertyOf(type, name);
      const place = `${where}.${name}`;
      if (symbol === undefined) {
        // A tool's schema names few keywords and takes all.
        if (!isCurrent && type.getStringIndexType() !== undefined) continue;
        lines.push(`${place}: missing`);
        continue;
      }
      if (isCurrent) {
        const isRequired = (symbol.flags & ts.SymbolFlags.Optional) === 0;
        const shouldBe = (node.required ?? []).includes(name);
        const mayDiffer = shouldBe && (REQUIRED_SINCE.test(name) || isParamsOfMetaOnly(name, property));
        if (isRequired !== shouldBe && !mayDiffer) lines.push(`${place}: ${isRequired ? 'required' : 'optional'}`);
      }
      compareValue(place, property, checker.getNonNullableType(checker.getTypeOfSymbol(symbol)));
    }
  };

  /** `params` that are required only because 2026-07-28 requires `_meta` in them. */
  const isParamsOfMetaOnly = (name: string, node: SchemaNode): boolean =>
    name === 'params' && (resolve(node).required ?? []).every((field) => field === '_meta');

  const compareValue = (place: string, node: SchemaNode, type: ts.Type): void => {
    const names = objectNames(node);
    const parts = type.isUnion() ? type.types : [type];
    if (names.length > 0) {
      // Older revisions have fewer kinds of content, and named the same things otherwise.
      if (!isCurrent) return;
      const ours = parts
        .filter((part) => !checker.isArrayType(part))
        .map((part) => part.aliasSymbol?.name ?? part.getSymbol()?.name ?? '')
        .filter((name) => exported.has(name) && name !== 'UnknownContent');
      const missing = names.filter((name) => !ours.includes(name));
      const strange = ours.filter((name) => !names.includes(name) && !ofOlderRevisions.has(name));
      if (missing.length > 0) lines.push(`${place}: without ${missing.join(', ')}`);
      if (strange.length > 0) lines.push(`${place}: with ${strange.join(', ')}`);
      return;
    }
    const target = resolve(node);
    const literals = target.const === undefined ? target.enum : [target.const];
    if (literals !== undefined) {
      const ours = parts.flatMap((part) => (part.isStringLiteral() ? [part.value] : []));
      const missing = literals.filter((literal) => !ours.includes(String(literal)));
      if (missing.length > 0) lines.push(`${place}: without ${missing.join(', ')}`);
      return;
    }
    if (target.properties !== undefined) return compareObject(place, target, type);
    const kinds = [target.type ?? []].flat();
    const isOf = (part: ts.Type, kind: ts.Type): boolean => checker.isTypeAssignableTo(part, kind);
    const fits = (part: ts.Type): boolean => {
      if (isOf(part, checker.getStringType())) return kinds.includes('string');
      if (isOf(part, checker.getNumberType())) return kinds.includes('number') || kinds.includes('integer');
      if (isOf(part, checker.getBooleanType())) return kinds.includes('boolean');
      return kinds.includes(checker.isArrayType(part) ? 'array' : 'object');
    };
    if (kinds.length > 0 && !parts.some((part) => part.flags & ts.TypeFlags.Null) && !parts.every(fits)) {
      lines.push(`${place}: ${checker.typeToString(type)} instead of ${kinds.join(' | ')}`);
    }
    if (target.items !== undefined && checker.isArrayType(type)) {
      const [item] = checker.getTypeArguments(type as ts.TypeReference);
      if (item !== undefined) compareValue(`${place}[]`, target.items, item);
    }
  };

  for (const [name, node] of Object.entries(definitions)) {
    if (OF_THE_ENVELOPE.test(name) || (!isCurrent && NOT_TYPED.has(name))) continue;
    const type = exported.get(ourName(name));
    if (type === undefined) lines.push(`${ourName(name)}: missing`);
    else if (node.properties !== undefined) compareObject(ourName(name), node, type);
    else if (node.$ref === undefined || isCurrent) compareValue(ourName(name), node, type);
  }
  return lines;
}

describe('the types of the schema', () => {
  it('take every official example, and know every field in it', () => {
    expect(examples.length).toBeGreaterThan(100);
    const diagnostics = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line;
      const where = file?.fileName === virtualFile ? examples[line - 1]?.file : file?.fileName;
      return `${where}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
    expect(diagnostics).toEqual([]);
  });

  it('have the fields of the current revision, and demand what it demands', () => {
    // Up to 2025-11-25 the question for roots is a request, with a progress token like any other.
    const known = ['without MetaObject', 'with RequestMetaObject'].map(
      (line) => `ListRootsRequest.params._meta: ${line}`,
    );
    expect(differences(CURRENT)).toEqual(known);
  });

  it.each(OLDER)('have the fields of revision %s', (revision) => {
    expect(differences(revision)).toEqual([]);
  });

  it('have no field that no revision has', () => {
    const known = new Map<string, Set<string>>();
    for (const revision of [...OLDER, CURRENT]) {
      for (const [name, { properties }] of Object.entries(readDefinitions(revision))) {
        const fields = known.get(ourName(name)) ?? new Set();
        known.set(ourName(name), fields);
        for (const field of Object.keys(properties ?? {})) fields.add(field);
      }
    }
    const invented = [...exported].flatMap(([name, type]) =>
      (type.flags & ts.TypeFlags.Object) === 0 || checker.isArrayType(type) || !known.has(name)
        ? []
        : type
            .getProperties()
            .filter((property) => !known.get(name)?.has(property.name))
            .filter((property) => !(name.endsWith('Result') && known.get('Result')?.has(property.name)))
            .map((property) => `${name}.${property.name}`),
    );
    // Servers written before the release of 2026-07-28 say there who they are.
    expect(invented).toEqual(['DiscoverResult.serverInfo']);
  });
});

describe('a content block', () => {
  /** Compiles only while each known type narrows to its own fields and the rest stays visible. */
  function describeBlock(block: ContentBlock): string {
    switch (block.type) {
      case 'text':
        return block.text;
      case 'image':
      case 'audio':
        return block.mimeType;
      case 'resource_link':
        return block.uri;
      case 'resource':
        return block.resource.uri;
      default: {
        const type: string = block.type;
        return `${type} of ${String(block.length)} s`;
      }
    }
  }

  it('narrows by its type, and one of an unknown type is left over', () => {
    const result = JSON.parse(`{ "content": [
      { "type": "text", "text": "a text" },
      { "type": "image", "data": "", "mimeType": "image/png" },
      { "type": "resource_link", "uri": "file:///l", "name": "l" },
      { "type": "resource", "resource": { "uri": "file:///r", "text": "" } },
      { "type": "video", "length": 3 }
    ] }`) as CallToolResult;
    expect(result.content.map(describeBlock)).toEqual([
      'a text',
      'image/png',
      'file:///l',
      'file:///r',
      'video of 3 s',
    ]);
    const texts: string[] = result.content.filter((block) => block.type === 'text').map((block) => block.text);
    expect(texts).toEqual(['a text']);
    expect(result.content.filter((block) => (block.type as string) === 'video')).toHaveLength(1);
  });

  it('has to be of a known type when it is written down', () => {
    // @ts-expect-error: no such type
    const block: ContentBlock = { type: 'tex', text: 'a text' };
    expect(block.type).toBe('tex');
  });
});

describe('a notification of a server', () => {
  it('narrows by its method', () => {
    const progressOf = (notification: ServerNotification): number | undefined =>
      notification.method === 'notifications/progress' ? notification.params.progress : undefined;
    expect(progressOf({ method: 'notifications/progress', params: { progressToken: 1, progress: 2 } })).toBe(2);
    expect(progressOf({ method: 'notifications/tools/list_changed' })).toBeUndefined();
  });
});
