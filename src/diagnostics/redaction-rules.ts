import { isFailure } from '../util/failure.js';

/**
 * What is kept of a value. Objects and arrays stay, with their keys; the rule decides about the leaves.
 *
 * - `hide`: texts and numbers become pseudonyms. Every rule hides the fields that it does not name.
 * - `number`: numbers are kept.
 * - `uri`: texts become pseudonyms that are URIs.
 * - a pattern: texts that match are kept, and so are numbers.
 * - fields: a rule for each field, and one for all others.
 * - a function: the rule depends on other fields of the object.
 *
 * The rule of an array is that of its items.
 */
export type Rule = SettledRule | ((object: Readonly<Record<string, unknown>>) => Rule);

/** A rule that is not a function. */
export type SettledRule = 'hide' | 'number' | 'uri' | RegExp | Fields;

interface Fields {
  readonly fields: ReadonlyMap<string, Rule>;
  readonly rest: Rule;
}

function fields(named: Readonly<Record<string, Rule>>, rest: Rule = 'hide'): Fields {
  return { fields: new Map(Object.entries(named)), rest };
}

/** Keeps the words of a closed set. Others are hidden. */
function words(list: string): RegExp {
  return new RegExp(`^(?:${list.split(' ').join('|')})$`);
}

/** Names of methods, tools, prompts and arguments. Any other text in their place may be a secret. */
const NAME = /^[\w.:/-]{1,128}$/;
const ID = /^[\w.:/+=@-]{1,128}$/;
const VERSION = /^[\w.+-]{1,32}$/;
const MIME_TYPE = /^[\w.+-]{1,64}\/[\w.+*-]{1,64}(?:; ?charset=[\w-]{1,32})?$/;
const DATE = /^\d{4}-\d\d-\d\d(?:T[\d:.]{1,20}(?:Z|[+-]\d\d:?\d\d)?)?$/;
const LEVEL = words('debug info notice warning error critical alert emergency');
const ROLE = words('user assistant');
/** A number that a server sent as text. */
const DECIMAL = /^-?\d{1,16}(?:\.\d{1,16})?$/;

const IMPLEMENTATION = fields({ name: /^[\w@.:/ -]{1,128}$/, version: VERSION, icons: icons(), websiteUrl: 'uri' });

const META = fields({
  progressToken: ID,
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientInfo': IMPLEMENTATION,
  'io.modelcontextprotocol/serverInfo': IMPLEMENTATION,
  'io.modelcontextprotocol/logLevel': LEVEL,
  'io.modelcontextprotocol/subscriptionId': ID,
});

const ANNOTATIONS = fields({ audience: ROLE, priority: 'number', lastModified: DATE });

function icons(): Rule {
  return fields({ src: 'uri', mimeType: MIME_TYPE, sizes: /^(?:any|\d{1,5}x\d{1,5})$/, theme: words('light dark') });
}

const TYPE = words('string number integer boolean object array null');

/**
 * Keeps the structure of a JSON Schema. Its texts are hidden, including those of `enum` and `const`: equal values elsewhere have the same pseudonyms.
 */
function schema(): Rule {
  const inner: Rule = () => rule;
  const named = fields({}, inner);
  const rule = fields(
    {
      type: TYPE,
      format: words('email uri date date-time time uuid uri-template byte'),
      required: NAME,
      $ref: /^#[\w/$.-]{0,128}$/,
      $schema: /^https?:\/\/json-schema\.org\/[\w./#-]{1,64}$/,
      'x-mcp-header': NAME,
      ...all('properties patternProperties $defs definitions dependentSchemas', named),
      ...all('items prefixItems contains additionalProperties propertyNames anyOf oneOf allOf not if then else', inner),
      ...all('enum const default examples', 'hide'),
    },
    'number',
  );
  return rule;
}

function all(names: string, rule: Rule): Record<string, Rule> {
  return Object.fromEntries(names.split(' ').map((name) => [name, rule]));
}

const SCHEMA = schema();

const NAMED = { name: NAME, icons: icons(), annotations: ANNOTATIONS, _meta: META };

const TOOL = fields({
  ...NAMED,
  inputSchema: SCHEMA,
  outputSchema: SCHEMA,
  execution: fields({ taskSupport: words('forbidden optional required') }),
});

const PROMPT = fields({ ...NAMED, arguments: fields({ name: NAME }) });

/** A resource, its contents, or a link to it. Its name may be a file name, and is hidden. */
const RESOURCE = fields({
  ...NAMED,
  name: 'hide',
  uri: 'uri',
  uriTemplate: 'uri',
  mimeType: MIME_TYPE,
  size: 'number',
});

const SKILL = fields({ uri: 'uri', frontmatter: fields({ name: NAME }), resources: RESOURCE });

const CONTENT_TYPE = words('text image audio resource resource_link tool_use tool_result');

const CONTENT: Rule = (block) => (block.type === 'tool_use' ? TOOL_USE : OTHER_CONTENT);
const TOOL_USE = fields({ type: CONTENT_TYPE, name: NAME, _meta: META });
const OTHER_CONTENT = fields({
  ...Object.fromEntries(RESOURCE.fields),
  type: CONTENT_TYPE,
  resource: RESOURCE,
  content: () => CONTENT,
});

const CONVERSATION_MESSAGE = fields({ role: ROLE, content: CONTENT, _meta: META });

const TASK = {
  status: words('working input_required completed failed cancelled'),
  createdAt: DATE,
  lastUpdatedAt: DATE,
};
const TIMES = { ttl: 'number', pollInterval: 'number' } as const;

const FILTER = fields({ resourceSubscriptions: 'uri' });

/** Fields that all parameters may have. */
const PARAMS = { _meta: META, task: fields(TIMES), inputResponses: fields({}, () => RESULT) };

const NAMED_PARAMS = fields({ ...PARAMS, name: NAME });
const URI_PARAMS = fields({ ...PARAMS, uri: 'uri' });
const OTHER_PARAMS = fields(PARAMS);

/** Only known methods have visible fields: in other methods a `name` may be a person's. */
const PARAMS_OF: ReadonlyMap<unknown, Rule> = new Map(
  Object.entries<Rule>({
    initialize: fields({ ...PARAMS, protocolVersion: VERSION, clientInfo: IMPLEMENTATION }),
    'tools/call': NAMED_PARAMS,
    'prompts/get': NAMED_PARAMS,
    'resources/read': URI_PARAMS,
    'resources/subscribe': URI_PARAMS,
    'resources/unsubscribe': URI_PARAMS,
    'resources/directory/read': URI_PARAMS,
    'skills/get': URI_PARAMS,
    'notifications/resources/updated': URI_PARAMS,
    'completion/complete': fields({
      ...PARAMS,
      ref: fields({ type: words('ref/prompt ref/resource'), name: NAME, uri: 'uri' }),
      argument: fields({ name: NAME }),
    }),
    'logging/setLevel': fields({ ...PARAMS, level: LEVEL }),
    'subscriptions/listen': fields({ ...PARAMS, notifications: FILTER }),
    'notifications/subscriptions/acknowledged': fields({ ...PARAMS, notifications: FILTER }),
    'notifications/cancelled': fields({ ...PARAMS, requestId: ID }),
    'notifications/progress': fields({ ...PARAMS, progressToken: ID, progress: DECIMAL, total: DECIMAL }),
    'notifications/message': fields({ ...PARAMS, level: LEVEL }),
    'notifications/tasks/status': fields({ ...PARAMS, ...TASK, ...TIMES }),
    'sampling/createMessage': fields({
      ...PARAMS,
      messages: CONVERSATION_MESSAGE,
      modelPreferences: 'number',
      includeContext: words('none thisServer allServers'),
      temperature: 'number',
      maxTokens: 'number',
      tools: TOOL,
      toolChoice: fields({ mode: words('auto required none') }),
    }),
    'elicitation/create': fields({
      ...PARAMS,
      mode: words('form url'),
      requestedSchema: SCHEMA,
      url: 'uri',
    }),
  }),
);

/** The rule for the parameters of a request or notification. */
export function paramsRule(method: unknown): Rule {
  return PARAMS_OF.get(method) ?? OTHER_PARAMS;
}

/** A rule for objects with a method and parameters. Rules are cached, because there are only a few kinds of parameters. */
function withParams(make: (params: Rule) => SettledRule): (object: { readonly method?: unknown }) => SettledRule {
  const made = new Map<Rule, SettledRule>();
  return ({ method }) => {
    const params = paramsRule(method);
    const known = made.get(params) ?? make(params);
    made.set(params, known);
    return known;
  };
}

const INPUT_REQUEST = withParams((params) => fields({ method: NAME, params }));

/**
 * The rule for any result, because a response does not name its method. A field has the same meaning in all results.
 */
export const RESULT: Rule = fields({
  ...Object.fromEntries(CONVERSATION_MESSAGE.fields),
  ...TASK,
  ...TIMES,
  resultType: words('complete input_required'),
  ttlMs: 'number',
  cacheScope: words('public private'),
  protocolVersion: VERSION,
  supportedVersions: VERSION,
  serverInfo: IMPLEMENTATION,
  tools: TOOL,
  prompts: PROMPT,
  resources: RESOURCE,
  resourceTemplates: RESOURCE,
  skills: SKILL,
  skill: SKILL,
  contents: RESOURCE,
  roots: RESOURCE,
  messages: CONVERSATION_MESSAGE,
  completion: fields({ total: 'number' }),
  inputRequests: fields({}, INPUT_REQUEST),
  task: fields({ ...TASK, ...TIMES }),
  stopReason: words('endTurn stopSequence maxTokens toolUse'),
  action: words('accept decline cancel'),
});

/** `data` of a JSON-RPC error. */
const ERROR_DATA = fields({
  supported: VERSION,
  requested: VERSION,
  uri: 'uri',
  elicitations: fields({ mode: words('form url'), url: 'uri' }),
});

/** The rule for a JSON-RPC message or a batch. */
export const MESSAGE: Rule = withParams((params) =>
  fields({
    jsonrpc: words('2\\.0'),
    id: ID,
    method: NAME,
    params,
    result: RESULT,
    error: fields({ code: DECIMAL, data: ERROR_DATA }),
  }),
);

const KINDS = words('connection timeout transport protocol capability authentication tool');
const CODE = /^(?:MCP|ERR|E)[A-Z0-9_]{2,48}$/;
const KIND_OF_VALUE = /^(?:an? \w{1,16}|null|nothing|undefined|none of them|both)$/;

/** The rule for a failure or error and its causes. Texts are hidden, because they may quote the server; codes stay. */
export const FAILURE: Rule = fields({
  name: /^\w{0,32}Error$/,
  kind: KINDS,
  code: CODE,
  errorCode: 'number',
  delivery: words('not-sent unknown answered'),
  cause: () => FAILURE,
  details: fields({
    method: NAME,
    operation: NAME,
    phase: words('queued waiting asking connecting'),
    tool: NAME,
    serverRequest: NAME,
    required: /^[\w./, -]{1,128}$/,
    resultType: words('input_required'),
    field: /^[\w.[\]"/ -]{1,128}$/,
    path: /^[\w.[\]"/ -]{1,128}$/,
    received: KIND_OF_VALUE,
    expected: KIND_OF_VALUE,
    requestId: ID,
    id: ID,
    signal: /^SIG[A-Z0-9]{2,8}$/,
    protocolVersion: VERSION,
    supported: VERSION,
    requested: VERSION,
    url: 'uri',
    data: ERROR_DATA,
    ...all('exitCode code status timeout limit size bytes length misses interval retryAfter rpcCode', 'number'),
  }),
});

const SESSION = fields({ era: words('modern legacy'), protocolVersion: VERSION, serverInfo: IMPLEMENTATION });

/**
 * The rule for contexts and events of actors. Messages and failures are recognised by their shape; of other objects only the fields named here
 * are visible.
 */
export const INTERNAL: Rule = (object) => {
  if (object.jsonrpc === '2.0') return MESSAGE;
  if (isFailure(object)) return FAILURE;
  return HELD(object);
};

const HELD = withParams((params) =>
  fields(
    {
      type: /^[\w.:*#-]{1,200}$/,
      method: NAME,
      params,
      result: RESULT,
      session: SESSION,
      era: words('modern legacy'),
      delivery: words('not-sent unknown answered'),
      asks: NAME,
      ...all('id requestId epoch at number', ID),
      ...all(
        'attempt attempts rounds deadline delay timeout interval latency score misses waiter waiters progress total openedAt ' +
          'establishedAt retry sessionLosses checks check connectDeadline armedFor healthInterval lastConnected connectionCount ' +
          'reconnectAttempts errorCount pastUptime open idleTimeout',
        'number',
      ),
      policy: fields({ acceptable: fields({ modern: VERSION, legacy: VERSION }) }, 'number'),
    },
    INTERNAL,
  ),
);
