// The client that the conformance suite starts, once for each scenario, with the server's URL as its last argument. It uses the built
// package by its own name and its defaults, as a user would.
import assert from 'node:assert/strict';

import { HttpTransport, MCPClient } from 'mcp-actors';
import { clientCredentials, enterprise, interactive, oauth, workloadIdentity } from 'mcp-actors/auth';

const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const url = process.argv.at(-1) ?? '';

/** Some of the servers say that they have no tools, and then one must not ask for them. */
async function listToolsIfServed(client) {
  if ((await client.getCapabilities()).includes('tools')) await client.listTools();
}

/** Who answers the server, where a scenario has it ask. */
const ANSWERS = {
  // All that there is, to be declared in every request.
  'request-metadata': {
    roots: [],
    sampling: () => ({ role: 'assistant', content: { type: 'text', text: 'Hello' }, model: 'none' }),
    elicitation: () => ({ action: 'decline' }),
  },
  'sep-2322-client-request-state': { elicitation: () => ({ action: 'accept', content: { confirmed: true } }) },
  // What was not filled in has its defaults.
  'elicitation-sep1034-client-defaults': { elicitation: () => ({ action: 'accept', content: {} }) },
};

/** All servers that require authorization have the same tool. */
async function listAndCall(client) {
  await client.listTools();
  await client.callTool('test-tool', {});
}

/** Loads the skill of the scenario. It is tampered with, so this must fail, and no other file may be read. */
async function refuseSkill(client) {
  const [entry] = await client.skills.list();
  await assert.rejects(
    async () => {
      const skill = await client.skills.read(entry);
      await skill.readFile('references/FORMS.md');
    },
    { code: 'MCP_SKILL_INVALID' },
  );
}

/** What each scenario wants to see done. */
const SCENARIOS = {
  initialize: listToolsIfServed,

  tools_call: async (client) => {
    await client.listTools();
    await client.callTool('add_numbers', { a: 5, b: 3 });
  },

  'sse-retry': async (client) => {
    await client.listTools();
    await client.callTool('test_reconnection', {});
  },

  'json-schema-2020-12-preservation': async (client) => {
    const tools = await client.listTools();
    const { inputSchema: schema } = tools.find(({ name }) => name === 'json_schema_2020_12_tool');
    await client.callTool('json_schema_echo', { schema });
  },

  'json-schema-ref-no-deref': (client) => client.listTools(),

  'request-metadata': listToolsIfServed,

  'sep-2640-client-no-prefetch': (client) => client.skills.list(),
  'sep-2640-client-verify-digest': refuseSkill,
  'sep-2640-client-verify-size': refuseSkill,
  'sep-2640-client-verify-frontmatter': refuseSkill,

  'sep-2322-client-request-state': async (client) => {
    await client.listTools();
    await Promise.all([
      client.callTool('test_mrtr_echo_state', {}),
      client.callTool('test_mrtr_no_state', {}),
      client.callTool('test_mrtr_unrelated', {}),
    ]);
    await client.callTool('test_mrtr_no_result_type', {});
  },

  'elicitation-sep1034-client-defaults': async (client) => {
    await client.listTools();
    await client.callTool('test_client_elicitation_defaults', {});
  },

  'http-standard-headers': async (client) => {
    await client.listTools();
    await client.callTool('test_headers', {});
    await client.listResources();
    await client.readResource('file:///path/to/file%20name.txt');
    await client.listPrompts();
    await client.getPrompt('test_prompt');
  },

  'http-custom-headers': async (client) => {
    await client.listTools();
    for (const { name, arguments: args } of context.toolCalls) await client.callTool(name, args);
  },

  'http-invalid-tool-headers': async (client) => {
    for (const { name } of await client.listTools()) await client.callTool(name, { region: 'us-west1' });
  },
};

/** A browser whose user agrees to everything: the page redirects at once. */
async function browse(page) {
  const { headers } = await fetch(page, { redirect: 'manual' });
  return headers.get('location') ?? '';
}

/** The client that the scenario prescribes; otherwise the library registers one. */
function clientOf({ client_id: id, client_secret: secret, private_key_pem: key, signing_algorithm: alg, issuer }) {
  if (id !== undefined) return { id, secret, key, alg, issuer };
  return DOCUMENTED.has(scenario) ? { metadataUrl: 'https://conformance-test.local/client-metadata.json' } : undefined;
}

const DOCUMENTED = new Set(['auth/basic-cimd']);

/** How the tokens of a scenario are obtained, where no person signs in. */
const GRANTS = {
  'auth/client-credentials-jwt': () => clientCredentials(),
  'auth/client-credentials-basic': () => clientCredentials(),
  'auth/enterprise-managed-authorization': () =>
    enterprise({
      idp: { tokenEndpoint: context.idp_token_endpoint, issuer: context.idp_issuer, clientId: context.idp_client_id },
      identity: () => ({ token: context.idp_id_token, type: 'id_token' }),
    }),
  'auth/wif-jwt-bearer': () => workloadIdentity({ assertion: () => context.valid_jwt }),
};

function signInOfPerson() {
  return interactive({
    redirectUri: 'http://localhost:3000/callback',
    listen: false,
    onPrompt: async (prompt) => prompt.complete(await browse(prompt.url)),
  });
}

const auth = scenario.startsWith('auth/')
  ? oauth({ grant: (GRANTS[scenario] ?? signInOfPerson)(), client: clientOf(context) })
  : undefined;

const client = new MCPClient(new HttpTransport(url, { auth }), ANSWERS[scenario]);
client.on('warning', (problem) => console.error(`warning: ${problem.message}`));
client.on('error', (problem) => console.error(`error: ${problem.message}`));
try {
  const run = scenario.startsWith('auth/') ? listAndCall : SCENARIOS[scenario];
  if (run === undefined) throw new Error(`No steps are written down for the scenario ${scenario}`);
  await client.connect();
  await run(client);
} catch (error) {
  console.error(error?.explain?.() ?? error);
  process.exitCode = 1;
} finally {
  await client.close();
}
