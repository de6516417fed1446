import { encodeHeaderText, isToken } from './http-headers.js';

/** A parameter of a tool that is repeated as a header. */
export interface ParameterHeader {
  /** Where it stands in the arguments. */
  readonly path: readonly string[];
  /** The whole name of the header. */
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
}

/** What the annotations of a schema say, or what is wrong with them. */
export type ParameterHeaders = { readonly headers: readonly ParameterHeader[] } | { readonly invalid: string };

const ANNOTATION = 'x-mcp-header';
/** Keywords whose values are data, whatever they look like. */
const DATA = new Set(['const', 'default', 'dependentRequired', 'enum', 'example', 'examples', 'required']);
/** Keywords that contain schemas under arbitrary names. */
const BY_NAME = new Set([
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
  'properties',
]);
const TYPES = ['string', 'integer', 'boolean'] as const;

/** Levels of properties above an annotation. Without a limit the paths of annotations could need the square of the size of a schema. */
const MOST_LEVELS = 100;

/**
 * Where a value stands in the arguments: the name of its property, and where the object with that property stands. The path is put together
 * for annotations only, so that the search takes time in proportion to the size of a schema, whatever its depth.
 */
interface Spot {
  readonly name: string;
  /** Undefined for a property of the arguments themselves. */
  readonly within: Spot | undefined;
  readonly level: number;
}

/** A part of a schema that is still to be looked at. */
interface Place {
  readonly schema: unknown;
  /** Where the value stands in the arguments. */
  readonly spot: Spot | 'root' | 'unknown';
}

/**
 * Finds the parameters of a tool that are to be repeated as headers. One annotation that breaks a rule makes the tool unusable.
 * 2026-07-28 basic/transports/streamable-http, "Custom Headers from Tool Parameters".
 */
export function parameterHeadersOf(inputSchema: unknown): ParameterHeaders {
  const headers: ParameterHeader[] = [];
  const taken = new Set<string>();
  // Without recursion, because the server chooses the depth.
  const places: Place[] = [{ schema: inputSchema, spot: 'root' }];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const { schema, spot } = place;
    if (Array.isArray(schema)) {
      for (const one of schema) places.push({ schema: one, spot: 'unknown' });
      continue;
    }
    if (!isObject(schema)) continue;
    if (Object.hasOwn(schema, ANNOTATION)) {
      const header = readAnnotation(schema, spot);
      if (typeof header === 'string') return { invalid: header };
      const key = header.name.toLowerCase();
      if (taken.has(key)) return { invalid: `two parameters have the header ${header.name}` };
      taken.add(key);
      headers.push(header);
    }
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === ANNOTATION || DATA.has(keyword)) continue;
      if (!BY_NAME.has(keyword) || !isObject(value)) {
        places.push({ schema: value, spot: 'unknown' });
        continue;
      }
      const above = keyword === 'properties' ? spot : 'unknown';
      for (const [name, inner] of Object.entries(value)) places.push({ schema: inner, spot: below(above, name) });
    }
  }
  return { headers };
}

function below(above: Place['spot'], name: string): Place['spot'] {
  if (above === 'unknown') return above;
  return above === 'root' ? { name, within: undefined, level: 1 } : { name, within: above, level: above.level + 1 };
}

function pathOf(spot: Spot): string[] {
  const path: string[] = [];
  for (let at: Spot | undefined = spot; at !== undefined; at = at.within) path.unshift(at.name);
  return path;
}

/** One annotation; a string says what is wrong with it. */
function readAnnotation(schema: Readonly<Record<string, unknown>>, spot: Place['spot']): ParameterHeader | string {
  const name = schema[ANNOTATION];
  if (typeof spot === 'string') {
    return `${ANNOTATION} stands where the value cannot be found by the names of properties alone`;
  }
  if (spot.level > MOST_LEVELS) {
    return `${ANNOTATION} stands below ${spot.level} levels of properties, and the limit is ${MOST_LEVELS}`;
  }
  const path = pathOf(spot);
  const where = path.join('.');
  if (typeof name !== 'string' || !isToken(name)) return `${ANNOTATION} of ${where} is not the name of a header`;
  const type = primitiveOf(schema.type);
  if (type === undefined) return `${ANNOTATION} of ${where} needs the type string, integer or boolean`;
  return { path, name: `Mcp-Param-${name}`, type };
}

/** The only primitive that a type allows, besides null. */
function primitiveOf(type: unknown): ParameterHeader['type'] | undefined {
  const types: unknown[] = Array.isArray(type) ? type.filter((one) => one !== 'null') : [type];
  return types.length === 1 ? TYPES.find((one) => one === types[0]) : undefined;
}

/** The headers for these arguments. What is absent, null or of another type than announced has none. */
export function parameterHeaderValues(headers: readonly ParameterHeader[], args: unknown): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { path, name, type } of headers) {
    const text = headerText(type, valueAt(path, args));
    if (text !== undefined) values[name] = text;
  }
  return values;
}

function valueAt(path: readonly string[], args: unknown): unknown {
  let value = args;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function headerText(type: ParameterHeader['type'], value: unknown): string | undefined {
  if (type === 'string') return typeof value === 'string' ? encodeHeaderText(value) : undefined;
  if (type === 'boolean') return typeof value === 'boolean' ? String(value) : undefined;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
