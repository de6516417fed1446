import { MCPCapabilityError, MCPClient, MCPProtocolError } from '../../../../src/index.js';
import type { MCPSkill } from '../../../../src/index.js';
import { ClientRecorder } from '../../../support/client-recorder.js';
import { connectUntilTestEnds } from '../../../support/scripted-clients.js';
import { errorFrom, rejection } from '../../../support/outcomes.js';
import { answer, inTurn, silence } from '../../../support/servers/scripts.js';
import {
  PDF,
  pdfAnswers,
  SKILL_CAPABILITIES,
  skillAnswers,
  skillEntry,
  skillResource,
  skillScript,
  SKILLS,
} from '../../../support/servers/skills.js';
import { SimulatedEnvironment } from '../../../support/simulated-environment.js';

const connected = connectUntilTestEnds();
const ERAS = ['modern', 'legacy'] as const;

describe.each(ERAS)('skills.list() of a %s server', (era) => {
  test('returns the entries of all pages, and reads no file', async () => {
    const other = skillEntry('skill://acme/billing/refunds', { 'SKILL.md': 'x' });
    const page = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
    const { server, client } = await connected(
      skillScript(era, {
        'skills/list': ({ params }) =>
          answer(
            params?.['cursor'] === '2' ? { ...page, skills: [other] } : { ...page, skills: [PDF], nextCursor: '2' },
          ),
      }),
    );
    expect(await client.skills.list()).toEqual([PDF, other]);
    expect(server.methods.filter((method) => method.includes('/'))).not.toContain('resources/read');
    expect(server.methods.filter((method) => method === 'skills/list')).toHaveLength(2);
  });

  test('rejects with MCP_CAPABILITY_MISSING, and sends nothing, when the server does not declare the extension', async () => {
    const { server, client } = await connected(
      skillScript(era, pdfAnswers(), { resources: {}, extensions: { 'com.example/other': {} } }),
    );
    for (const call of [
      () => client.skills.list(),
      () => client.skills.get(PDF.uri),
      () => client.skills.read(PDF.uri),
      () => client.request('skills/list'),
    ]) {
      const error = await errorFrom(call());
      expect(error).toBeInstanceOf(MCPCapabilityError);
      expect(error).toMatchObject({
        code: 'MCP_CAPABILITY_MISSING',
        delivery: 'not-sent',
        details: { required: SKILLS },
      });
    }
    expect(server.methods).not.toContain('skills/list');
    expect(await client.getCapabilities()).not.toContain(SKILLS);
  });

  test('needs the declaration of the server alone: getCapabilities() names it, and the client declares nothing', async () => {
    const { server, client } = await connected(skillScript(era, pdfAnswers()));
    expect(await client.getCapabilities()).toEqual([SKILLS, 'resources']);
    expect(await client.skills.list()).toEqual([PDF]);
    expect(JSON.stringify(server.received.map(({ params }) => params))).not.toContain(SKILLS);
  });

  test('keeps several skills of one name, and a skill inside of another', async () => {
    const skills = [
      skillEntry('skill://acme/billing/refunds', { 'SKILL.md': 'a' }),
      skillEntry('skill://acme/support/refunds', { 'SKILL.md': 'b' }),
      skillEntry('skill://acme/support', { 'SKILL.md': 'c', 'refunds/SKILL.md': 'b' }),
      skillEntry('github://owner/repository/skills/refunds', { 'SKILL.md': 'd' }),
      skillEntry('file:///srv/skills/refunds', { 'SKILL.md': 'e' }),
    ];
    const { client } = await connected(skillScript(era, skillAnswers(skills, {})));
    const recorder = new ClientRecorder(client);
    expect(await client.skills.list()).toEqual(skills);
    expect(recorder.warning).toEqual([]);
  });
});

describe('the list of skills', () => {
  const files = PDF.resources as MCPSkill['resources'] & object[];
  const [main] = files;

  test.each<[what: string, entry: unknown, path: string]>([
    ['is not an object', 'skill://pdf/SKILL.md', 'skills[0]'],
    ['has no URI', { ...PDF, uri: undefined }, 'skills[0].uri'],
    ['has no front matter', { ...PDF, frontmatter: null }, 'skills[0].frontmatter'],
    ['has no description', { ...PDF, frontmatter: { name: 'pdf' } }, 'skills[0].frontmatter.description'],
    ['has no files', { ...PDF, resources: undefined }, 'skills[0].resources'],
    ['has another text for its files', { ...PDF, resources: 'static' }, 'resources'],
    ['has a URI that is not that of a SKILL.md', { ...PDF, uri: 'skill://pdf/README.md' }, 'uri'],
    ['has a URI without a folder', { ...PDF, uri: 'skill:///SKILL.md' }, 'uri'],
    ['has a relative URI', { ...PDF, uri: 'pdf/SKILL.md' }, 'uri'],
    ['has dots in its URI', { ...PDF, uri: 'skill://x/../pdf/SKILL.md' }, 'uri'],
    ['has encoded dots in its URI', { ...PDF, uri: 'skill://x/%2e%2E/pdf/SKILL.md' }, 'uri'],
    [
      'has the name of another skill',
      { ...PDF, frontmatter: { ...PDF.frontmatter, name: 'refunds' } },
      'frontmatter.name',
    ],
    ['does not list its SKILL.md', { ...PDF, resources: files.slice(1) }, 'resources'],
    ['lists no file', { ...PDF, resources: [] }, 'resources'],
    ['lists a file twice', { ...PDF, resources: [...files, main] }, 'resources[3].uri'],
    [
      'lists a file twice, once encoded',
      { ...PDF, resources: [...files, skillResource('skill://pdf/SKILL%2Emd', 'x')] },
      'resources[3].uri',
    ],
    [
      'lists a file of another skill',
      { ...PDF, resources: [...files, skillResource('skill://pdf2/x', 'x')] },
      'resources[3].uri',
    ],
    [
      'lists a file above it',
      { ...PDF, resources: [...files, skillResource('skill://pdf/../x', 'x')] },
      'resources[3].uri',
    ],
    [
      'lists a file above it, encoded',
      { ...PDF, resources: [...files, skillResource('skill://pdf/a%2f..%2f..%2fx', 'x')] },
      'resources[3].uri',
    ],
    [
      'lists a file above it, with a backslash',
      { ...PDF, resources: [...files, skillResource('skill://pdf/..\\x', 'x')] },
      'resources[3].uri',
    ],
    [
      'lists a URI with a query',
      { ...PDF, resources: [...files, skillResource('skill://pdf/a?b', 'x')] },
      'resources[3].uri',
    ],
    [
      'lists a file without a digest',
      { ...PDF, resources: [{ uri: PDF.uri, size: 1 }] },
      'skills[0].resources[0].digest',
    ],
    ['lists a digest of another kind', { ...PDF, resources: [{ ...main, digest: 'md5:00' }] }, 'resources[0].digest'],
    [
      'lists a digest in capital letters',
      { ...PDF, resources: [{ ...main, digest: `sha256:${'A'.repeat(64)}` }] },
      'resources[0].digest',
    ],
    ['lists a negative size', { ...PDF, resources: [{ ...main, size: -1 }] }, 'resources[0].size'],
    ['lists a size with a fraction', { ...PDF, resources: [{ ...main, size: 1.5 }] }, 'resources[0].size'],
    ['lists a size as a text', { ...PDF, resources: [{ ...main, size: '1' }] }, 'skills[0].resources[0].size'],
  ])('is without an entry that %s, with a warning that names the field', async (_what, entry, path) => {
    const good = skillEntry('skill://good', { 'SKILL.md': 'x' });
    const { client } = await connected(skillScript('modern', skillAnswers([entry, good], {})));
    const recorder = new ClientRecorder(client);
    expect(await client.skills.list()).toEqual([good]);
    expect(recorder.warning).toMatchObject([{ code: 'MCP_INVALID_RESULT', details: { method: 'skills/list', path } }]);
  });

  test('is without different entries of one URI, also on different pages, and has equal ones once', async () => {
    const good = skillEntry('skill://good', { 'SKILL.md': 'x' });
    const other = { ...PDF, resources: [skillResource(PDF.uri, 'other')] };
    const page = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
    const { client } = await connected(
      skillScript('modern', {
        'skills/list': ({ params }) =>
          answer(
            params?.['cursor'] === '2'
              ? { ...page, skills: [other, structuredClone(good), PDF] }
              : { ...page, skills: [PDF, good], nextCursor: '2' },
          ),
      }),
    );
    const recorder = new ClientRecorder(client);
    expect(await client.skills.list()).toEqual([good]);
    expect(await client.skills.list()).toEqual([good]);
    expect(recorder.warning).toMatchObject([{ details: { method: 'skills/list', skill: PDF.uri, path: 'uri' } }]);
  });

  test('is cached until its TTL expires, and not after a resource changed', async () => {
    const environment = new SimulatedEnvironment({ seed: 1 });
    const skills = pdfAnswers();
    const { server, client } = await connected(
      skillScript(
        'modern',
        {
          ...skills,
          'skills/list': answer({ resultType: 'complete', ttlMs: 60_000, cacheScope: 'private', skills: [PDF] }),
        },
        { ...SKILL_CAPABILITIES, resources: { listChanged: true } },
      ),
      { environment },
    );
    const lists = (): number => server.methods.filter((method) => method === 'skills/list').length;
    await client.skills.list();
    await client.skills.list();
    expect(lists()).toBe(1);
    await client.skills.list({ useCache: false });
    expect(lists()).toBe(2);
    await environment.advance(60_000);
    await client.skills.list();
    expect(lists()).toBe(3);
    server.notify('notifications/resources/list_changed');
    await environment.settle();
    await client.skills.list();
    expect(lists()).toBe(4);
  });

  test('of a legacy server is requested for each call, because nothing announces its changes', async () => {
    const { server, client } = await connected(
      skillScript('legacy', pdfAnswers(), { ...SKILL_CAPABILITIES, resources: { listChanged: true } }),
    );
    await client.skills.list();
    await client.skills.list();
    expect(server.methods.filter((method) => method === 'skills/list')).toHaveLength(2);
  });

  test('is requested by refreshCache(), which reads no file', async () => {
    const { server, client } = await connected(skillScript('modern', pdfAnswers(), { extensions: { [SKILLS]: {} } }));
    await client.refreshCache();
    expect(server.methods.filter((method) => method !== 'subscriptions/listen')).toEqual([
      'server/discover',
      'skills/list',
    ]);
  });

  test('refuses unknown options', async () => {
    const { client } = await connected(skillScript('modern', pdfAnswers()));
    const wrong = { usecache: false } as object;
    expect(await errorFrom(client.skills.list(wrong))).toMatchObject({ code: 'MCP_INVALID_PARAMS' });
  });
});

describe.each(ERAS)('skills.get() of a %s server', (era) => {
  test('returns the entry of a skill, listed or not', async () => {
    const { server, client } = await connected(
      skillScript(era, { ...pdfAnswers(), 'skills/list': answer({ resultType: 'complete', skills: [] }) }),
    );
    expect(await client.skills.list()).toEqual([]);
    expect(await client.skills.get(PDF.uri)).toEqual(PDF);
    expect(server.methods).not.toContain('resources/read');
  });

  test('rejects with the error of the server for an unknown skill, and suggests a listed one', async () => {
    const { client } = await connected(
      skillScript(era, {
        ...pdfAnswers(),
        'skills/list': answer({ resultType: 'complete', ttlMs: 60_000, skills: [PDF] }),
      }),
    );
    await client.skills.list();
    const error = await errorFrom(client.skills.get('skill://pfd/SKILL.md'));
    expect(error).toMatchObject({
      code: 'MCP_RPC_ERROR',
      errorCode: -32602,
      details: { method: 'skills/get', uri: 'skill://pfd/SKILL.md' },
      hint: 'The server may not have this skill: skills.list() returns the skills that the server lists.',
    });
    if (era === 'modern') expect(error.message).toContain('Did you mean "skill://pdf/SKILL.md"?');
  });

  test('rejects with MCP_INVALID_RESULT for the entry of another skill', async () => {
    const { client } = await connected(
      skillScript(era, { 'skills/get': answer({ resultType: 'complete', skill: PDF }) }),
    );
    const error = await errorFrom(client.skills.get('skild://other/SKILL.md'));
    expect(error).toBeInstanceOf(MCPProtocolError);
    expect(error).toMatchObject({ code: 'MCP_INVALID_RESULT', details: { method: 'skills/get', path: 'skill.uri' } });
  });

  test.each([
    ['no skill', {}, 'skill'],
    ['an invalid skill', { skill: { ...PDF, resources: 'none' } }, 'skill.resources'],
    ['a skill without SKILL.md', { skill: { ...PDF, resources: [] } }, 'skill.resources'],
  ])('rejects with MCP_INVALID_RESULT for a result with %s', async (_what, result, path) => {
    const { client } = await connected(
      skillScript(era, { 'skills/get': answer({ resultType: 'complete', ...result }) }),
    );
    expect(await errorFrom(client.skills.get(PDF.uri))).toMatchObject({
      code: 'MCP_INVALID_RESULT',
      details: { path },
    });
  });
});

test.each([['no URI'], ['skill://pdf'], ['skill://pdf/../x/SKILL.md'], ['']])(
  'skills.get() and skills.read() refuse the argument %j without a request',
  async (uri) => {
    const { server, client } = await connected(skillScript('modern', pdfAnswers()));
    const before = server.methods.length;
    expect(await errorFrom(client.skills.get(uri))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      details: { field: 'uri' },
    });
    expect(await errorFrom(client.skills.read(uri))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      details: { field: 'skill' },
    });
    expect(server.methods).toHaveLength(before);
  },
);

test('a suspended client keeps the fresh list of skills, and the resumed client verifies its entries again', async () => {
  const listed = answer({ resultType: 'complete', ttlMs: 60_000, cacheScope: 'private', skills: [PDF] });
  const { client } = await connected(skillScript('modern', { ...pdfAnswers(), 'skills/list': listed }));
  await client.skills.list();
  const suspended = await client.suspend();
  expect(suspended.lists.skills?.items).toEqual([PDF]);

  const tampered = JSON.parse(JSON.stringify(suspended)) as { lists: { skills: { items: { uri: string }[] } } };
  for (const item of tampered.lists.skills.items) item.uri = 'skill://other/SKILL.md';
  const { server } = await connected(skillScript('modern', pdfAnswers()));
  const resumed = new MCPClient(server.transport, { resume: JSON.stringify(tampered) });
  await resumed.close();
  const [entry] = tampered.lists.skills.items;
  expect(await errorFrom(resumed.skills.read(entry as unknown as MCPSkill))).toMatchObject({
    code: 'MCP_INVALID_PARAMS',
    details: { field: 'skill.frontmatter.name' },
  });
});

test('an aborted call rejects with the reason of the signal', async () => {
  const { client } = await connected(skillScript('modern', { 'skills/get': silence, 'skills/list': inTurn(silence) }));
  const controller = new AbortController();
  const calls = [
    client.skills.list({ signal: controller.signal }),
    client.skills.get(PDF.uri, { signal: controller.signal }),
    client.skills.read(PDF.uri, { signal: controller.signal }),
  ].map((call: Promise<unknown>) => rejection(call));
  const reason = new Error('enough');
  controller.abort(reason);
  expect(await Promise.all(calls)).toEqual([reason, reason, reason]);
});
