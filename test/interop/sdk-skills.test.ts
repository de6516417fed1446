import { MCPClient, StdioTransport } from '../../src/index.js';
import type { MCPSkill } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { endAfterEach } from '../support/endings.js';
import { errorFrom } from '../support/outcomes.js';
import { serverFixture } from '../support/servers/fixture-servers.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(30_000);

describe.each(['modern', 'legacy'] as const)('a %s server of the official SDK with skills', (era) => {
  const endLater = endAfterEach();

  async function connected(): Promise<{ client: MCPClient; recorder: ClientRecorder }> {
    const client = new MCPClient(new StdioTransport(process.execPath, [serverFixture('sdk-skills')]), { era });
    endLater(() => client.close());
    const recorder = new ClientRecorder(client);
    await client.connect();
    return { client, recorder };
  }

  test('lists skills whose files are all verified, texts and bytes', async () => {
    const { client, recorder } = await connected();
    expect(await client.getCapabilities()).toContain('io.modelcontextprotocol/skills');
    const entries = await client.skills.list();
    expect(entries.map(({ uri }) => uri)).toEqual([
      'skill://acme/billing/refunds/SKILL.md',
      'skill://pdf-processing/SKILL.md',
    ]);
    for (const entry of entries) {
      expect(await client.skills.get(entry.uri)).toEqual(entry);
      const skill = await client.skills.read(entry);
      expect(skill.verified).toBe(true);
      for (const path of skill.files ?? []) {
        const { verified, bytes } = await skill.readFile(path);
        expect([path, verified, bytes.length > 0]).toEqual([path, true, true]);
      }
    }
    expect([...recorder.warning, ...recorder.error]).toEqual([]);
  });

  test('describes the same front matter as its SKILL.md', async () => {
    const { client } = await connected();
    const { entry, body } = await client.skills.read('skill://pdf-processing/SKILL.md');
    expect(entry.frontmatter).toEqual({
      name: 'pdf-processing',
      description: 'Extract, fill, and assemble PDF documents',
      license: 'Apache-2.0',
      metadata: { author: 'acme', version: '1.0', tags: 'pdf, forms' },
      'allowed-tools': 'Bash(pdftk:*) Read',
      priority: 1.5,
    });
    expect(body).toContain('Naïve 😀');
  });

  test('is asked for a new entry after a skill has changed', async () => {
    const { client } = await connected();
    const entry = (await client.skills.list()).find(
      ({ frontmatter }) => frontmatter.name === 'pdf-processing',
    ) as MCPSkill;
    const skill = await client.skills.read(entry);
    await client.callTool('edit');
    expect(await errorFrom(skill.readFile('references/FORMS.md'))).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      details: { skill: entry.uri, field: 'size', expected: '9 bytes', received: '14 bytes' },
    });
    const current = await client.skills.read(await client.skills.get(entry.uri));
    expect((await current.readFile('references/FORMS.md')).text).toBe('# Other forms\n');
  });

  test('reads a file with a space in its name, and refuses one that it does not list', async () => {
    const { client } = await connected();
    const skill = await client.skills.read('skill://pdf-processing/SKILL.md');
    expect((await skill.readFile('templates/my invoice.md')).text).toBe('Invoice #1\n');
    expect(await errorFrom(skill.readFile('templates/other.md'))).toMatchObject({ code: 'MCP_SKILL_INVALID' });
    expect(await errorFrom(client.skills.get('skill://unknown/SKILL.md'))).toMatchObject({
      code: 'MCP_RPC_ERROR',
      errorCode: -32602,
    });
  });
});
