import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { builtCli, CliProcess, runCli } from '../support/cli.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { legacyServer, modernServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import { isAlive, waitForExit } from '../support/servers/processes.js';
import { identity } from '../support/servers/tls.js';

// The machine may be busy: a command starts in a second or in ten.
jest.setTimeout(120_000);

const FIXTURE = path.join(__dirname, 'fixtures/broken-server.mjs');
const EVERYTHING = path.join(
  path.dirname(require.resolve('@modelcontextprotocol/server-everything/package.json')),
  'dist/index.js',
);

interface Check {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  readonly fix?: string;
  readonly details?: readonly string[];
}

interface Diagnosis {
  readonly code: unknown;
  readonly summary: string;
  readonly took: number;
  readonly checks: readonly Check[];
  readonly failed: readonly string[];
  readonly stdout: string;
}

interface Output {
  readonly summary: string;
  readonly servers: readonly { readonly took: number; readonly checks: readonly Check[] }[];
}

async function diagnose(args: readonly string[], env: Record<string, string> = {}): Promise<Diagnosis> {
  const { code, stdout, stderr } = await runCli(['doctor', '--json', ...args], { env });
  expect(stderr).toBe('');
  const { summary, servers } = JSON.parse(stdout) as Output;
  const { took = 0, checks = [] } = servers[0] ?? {};
  const failed = checks.filter(({ status }) => status === 'failed').map(({ check }) => check);
  return { code, summary, took, checks, failed, stdout };
}

/** The command line of a server with a fault. */
function broken(fault: string, ...args: string[]): string[] {
  return ['--', process.execPath, FIXTURE, fault, ...args];
}

const scratch = mkdtempSync(path.join(tmpdir(), 'doctor-'));
const closing: (() => Promise<unknown>)[] = [];

beforeAll(() => {
  builtCli();
});

afterAll(async () => {
  for (const close of closing) await close();
  rmSync(scratch, { recursive: true, force: true });
});

async function scripted(...args: Parameters<typeof ScriptedHttpServer.start>): Promise<ScriptedHttpServer> {
  const server = await ScriptedHttpServer.start(...args);
  closing.push(() => server.close());
  return server;
}

const TOOL = { name: 'echo', inputSchema: { type: 'object', properties: {} } };

describe('doctor names the cause for a server over stdio', () => {
  it.each<readonly [fault: string, check: string, cause: RegExp, fix: RegExp]>([
    ['exit', 'start', /exited with code 1: Error: DATABASE_URL is not set/, /set it in `env`/],
    ['silent', 'start', /still starting after 5\.5 s: nothing on stdout/, /--timeout 60s/],
    ['noise', 'stdout', /line 1 of stdout is not JSON: Server is listening/, /Log to stderr/],
    ['crash', 'pings', /exited with code 7: TypeError: Cannot read properties/, /crashed/],
    ['bad-schema', 'tools', /tool search: its inputSchema cannot be compiled/, /Correct the schema/],
    [
      'refused-schema',
      'tools',
      /tool attach: OpenAI and Anthropic refuse it: .*`anyOf` at the top level/,
      /one object/,
    ],
  ])('with the fault %s', async (fault, check, cause, fix) => {
    const { code, summary, failed, took } = await diagnose(broken(fault));
    expect(summary).toMatch(cause);
    expect(summary).toMatch(fix);
    expect(failed[0]).toBe(check);
    expect(code).toBe(6);
    // 5.5 s for the connection and 2 s for the end; the rest is for a machine that is busy.
    expect(took).toBeLessThan(15_000);
  });

  it('whose command does not exist', async () => {
    const { code, summary, checks } = await diagnose(['--', 'no-such-server-program']);
    expect(summary).toMatch(
      /command: there is no program "no-such-server-program" on PATH\. Fix: Check that the command is/,
    );
    expect(checks.filter(({ status }) => status === 'skipped')).toHaveLength(7);
    expect(code).toBe(6);
  });

  it('whose file does not exist', async () => {
    const { code, summary } = await diagnose(['--', 'node', path.join(scratch, 'dist/server.js')]);
    expect(summary).toMatch(/command: the file \S+server\.js does not exist\. Fix: Check the path in `args`/);
    expect(code).toBe(6);
  });

  it('that npx does not install without -y', async () => {
    const npx = path.join(scratch, 'npx');
    writeFileSync(npx, `#!/bin/sh\nexec "${process.execPath}" "${FIXTURE}" npx\n`);
    chmodSync(npx, 0o755);
    const PATH = `${scratch}${path.delimiter}${process.env.PATH ?? ''}`;
    const { code, summary, checks } = await diagnose(['--', 'npx', 'some-server@1.0.0'], { PATH });
    expect(summary).toMatch(/Ok to proceed\?.* Fix: npx waits for a confirmation .* add `-y`/);
    const [command] = checks;
    expect(command).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('install some-server') as unknown,
    });
    expect(code).toBe(6);
  });

  it('whose port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, summary, failed } = await diagnose(broken('port-taken', String(port)));
    expect(summary).toMatch(/EADDRINUSE.* Fix: The port of the server is in use/);
    expect(failed).toEqual(['start']);
    expect(code).toBe(6);
  });
});

describe('doctor names the cause for a URL', () => {
  it.each<readonly [status: number, headers: Record<string, string>, code: number, cause: RegExp]>([
    [404, {}, 6, /access: .*HTTP 404\. Fix: Is this the MCP endpoint\? Try/],
    [
      401,
      { 'www-authenticate': 'Bearer' },
      3,
      /access: the server requires a sign-in \(HTTP 401\)\. Fix: Pass a token/,
    ],
    [403, {}, 6, /access: .*HTTP 403\. Fix: The server does not accept this client/],
    [500, {}, 6, /access: .*HTTP 500\. Fix: The server failed: check its log/],
  ])('that answers with %i', async (status, headers, expected, cause) => {
    const server = await scripted((visit) => visit.status(status, headers));
    const { code, summary, failed } = await diagnose([server.url]);
    expect(summary).toMatch(cause);
    expect(failed).toEqual(['access']);
    expect(code).toBe(expected);
  });

  it('whose port refuses the connection', async () => {
    const { code, summary, failed } = await diagnose([`http://127.0.0.1:${await freePort()}/mcp`]);
    expect(summary).toMatch(
      /network: cannot connect to 127\.0\.0\.1.*ECONNREFUSED.* Fix: No process listens on this port/,
    );
    expect(failed).toEqual(['network']);
    expect(code).toBe(6);
  });

  it('whose certificate is not trusted, with its chain', async () => {
    const server = await scripted(
      modernServer(() => false),
      0,
      identity('server'),
    );
    const { code, summary, checks } = await diagnose([server.url]);
    expect(summary).toMatch(/network: the certificate of 127\.0\.0\.1 is not accepted .* Fix: .*NODE_EXTRA_CA_CERTS/);
    expect(checks[0]?.details).toEqual([expect.stringMatching(/^certificate 1: .*issued by/)]);
    expect(code).toBe(6);
  });

  it('that redirects to another origin', async () => {
    const server = await scripted((visit) => visit.status(301, { location: 'https://other.invalid/mcp' }));
    const { code, summary } = await diagnose([server.url]);
    expect(summary).toMatch(/redirects \(301\) to another origin, https:\/\/other\.invalid\/mcp/);
    expect(code).toBe(6);
  });

  it('that redirects each request within its origin, which works', async () => {
    const answer = modernServer(
      (visit) => {
        const { method } = visit.message;
        const lists = { ttlMs: 0, cacheScope: 'private', prompts: [], resources: [], resourceTemplates: [] };
        const empty = method === 'prompts/list' || method?.startsWith('resources/') === true;
        if (empty) visit.result({ resultType: 'complete', ...lists });
        return empty;
      },
      [TOOL],
    );
    const server = await scripted((visit) => {
      if (visit.path === '/mcp') visit.status(307, { location: '/mcp/?token=secret' });
      else answer(visit);
    });
    const { code, summary, stdout } = await diagnose([server.url]);
    expect(summary).toContain(`redirects each of them to ${server.url}/. Fix: Use ${server.url}/ as the URL`);
    expect(stdout).not.toContain('token=secret');
    expect(code).toBe(0);
  });

  it('that declares lists which it does not have', async () => {
    const server = await scripted(modernServer(() => false, [TOOL]));
    const { code, summary, failed } = await diagnose([server.url]);
    expect(summary).toMatch(/lists: prompts\/list failed .* Fix: The server declares this capability/);
    expect(failed).toEqual(['lists']);
    expect(code).toBe(6);
  });

  it('that requires a sign-in, with its authorization server', async () => {
    const server: ScriptedHttpServer = await scripted((visit) => {
      const { origin } = server;
      if (visit.path.includes('oauth-protected-resource')) {
        visit.json({ resource: server.url, authorization_servers: [origin], scopes_supported: ['read'] });
      } else if (visit.path.includes('oauth-authorization-server')) {
        visit.json({
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
        });
      } else visit.status(401, { 'www-authenticate': 'Bearer scope="read"' });
    });
    const { code, summary, checks } = await diagnose([server.url]);
    expect(summary).toContain(`Fix: Sign in: mcp-actors login ${server.url}`);
    const { details = [] } = checks.find(({ check }) => check === 'access') ?? {};
    expect(details).toEqual(
      expect.arrayContaining([
        'scope: read',
        `authorization server: ${server.origin}`,
        expect.stringContaining('--client-id'),
      ]),
    );
    expect(code).toBe(3);
  });

  it('that refuses a token, and never shows it', async () => {
    const token = 'secret-token-of-the-test-5172';
    const server = await scripted((visit) => {
      visit.json({ message: `bad ${String(visit.headers.authorization)}` }, 401, {
        'www-authenticate': `Bearer error="invalid_token"`,
      });
    });
    const args = [server.url, '--header', 'Authorization: Bearer ${env:DOCTOR_TOKEN}'];
    const { code, summary, stdout } = await diagnose(args, { DOCTOR_TOKEN: token });
    expect(summary).toMatch(/does not accept the token \(HTTP 401\)\. Fix: .*Renew it/);
    expect(stdout).not.toContain(token);
    expect(code).toBe(3);
  });
});

describe('doctor on an unknown session', () => {
  /** Answers a session that it does not know in some way. */
  async function withSession(refuse: Parameters<typeof legacyServer>[0]): Promise<Diagnosis> {
    const sessionId = 'session-of-the-test';
    const script = legacyServer(
      (visit) => {
        const { method } = visit.message;
        if (visit.method === 'DELETE') visit.status(200);
        else if (method === 'tools/list') visit.result({ tools: [TOOL] });
        else if (
          method !== 'initialize' &&
          visit.headers['mcp-session-id'] !== sessionId &&
          method !== 'server/discover'
        )
          return refuse(visit);
        else return false;
        return true;
      },
      { sessionId },
    );
    const server = await scripted(script);
    const diagnosis = await diagnose([server.url]);
    // Its own session was ended, and the one of the second negotiation.
    const ended = server.visits.filter(({ method }) => method === 'DELETE');
    expect(ended.map(({ headers }) => headers['mcp-session-id'])).toContain(sessionId);
    return diagnosis;
  }

  it('accepts HTTP 404', async () => {
    const { code, checks, summary } = await withSession((visit) => {
      visit.error(404, -32_001, 'Session not found');
      return true;
    });
    expect(checks.find(({ check }) => check === 'session')).toMatchObject({ status: 'ok' });
    expect(summary).toMatch(/all checks passed/);
    expect(code).toBe(0);
  });

  it('warns of HTTP 400, with which the server still works', async () => {
    const { code, summary } = await withSession((visit) => {
      visit.error(400, -32_000, 'Bad Request: No valid session ID provided');
      return true;
    });
    expect(summary).toMatch(/works, with a warning.*session: an unknown session is answered with HTTP 400/);
    expect(code).toBe(0);
  });

  it('warns of a server that accepts any session', async () => {
    const { code, summary } = await withSession(() => false);
    expect(summary).toMatch(/as if it knew the session/);
    expect(code).toBe(0);
  });
});

describe('doctor on a good server', () => {
  const allPassed = ({ code, summary, checks }: Diagnosis): void => {
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(summary).toMatch(/: all checks passed\.$/);
    expect(code).toBe(0);
  };

  it('passes all checks over stdio, and prints a line for each', async () => {
    const { code, stdout } = await runCli(['doctor', '--', process.execPath, EVERYTHING]);
    const marks = stdout.split('\n').filter((line) => /^ {2}\S /.test(line));
    expect(marks.map((line) => line.trim().split(/\s+/).slice(0, 2).join(' '))).toEqual(
      expect.arrayContaining([
        '✓ command',
        '✓ start',
        '✓ stdout',
        '✓ protocol',
        '✓ lists',
        '✓ tools',
        '✓ pings',
        '✓ close',
      ]),
    );
    expect(marks.filter((line) => !line.startsWith('  ✓'))).toEqual([]);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/: all checks passed\.$/);
    expect(code).toBe(0);
  });

  it('passes all checks over HTTP with sessions', async () => {
    const server = await HttpProcess.official('sessions');
    closing.push(() => server.kill());
    const diagnosis = await diagnose([server.url]);
    allPassed(diagnosis);
    expect(diagnosis.checks.map(({ check }) => check)).toContain('session');
  });

  it('passes all checks over HTTP in the modern era', async () => {
    const server = await HttpProcess.official('dual');
    closing.push(() => server.kill());
    allPassed(await diagnose([server.url]));
  });

  it('waits for a slow start with --timeout', async () => {
    const { code, summary } = await diagnose(['--timeout', '40s', ...broken('slow')]);
    expect(summary).toMatch(/all checks passed/);
    expect(code).toBe(0);
  });
});

describe('doctor', () => {
  it('ends with 130 on Ctrl+C, and leaves no process', async () => {
    const pidFile = path.join(scratch, 'pid');
    const command = new CliProcess(['doctor', ...broken('silent', pidFile)]);
    await command.printed(/✓ command/);
    const pid = await readWhenWritten(pidFile);
    command.signal('SIGINT');
    const { code } = await command.end();
    expect(code).toBe(130);
    await waitForExit(pid);
    expect(isAlive(pid)).toBe(false);
  });

  it('shows no variable of the server', async () => {
    const marker = 'marker-of-a-variable-9917';
    const args = ['doctor', '--env', `DOCTOR_SECRET=${marker}`, '--json', ...broken('says-secret')];
    const { stdout, stderr } = await runCli(args);
    expect(stdout).toContain('exited with code 1');
    expect(stdout + stderr).not.toContain(marker);
  });

  it('refuses a second target', async () => {
    const { code, stderr } = await runCli(['doctor', 'http://127.0.0.1:1/', 'http://127.0.0.1:2/']);
    expect(stderr).toMatch(/doctor takes one target/);
    expect(code).toBe(2);
  });
});

async function readWhenWritten(file: string): Promise<number> {
  for (;;) {
    try {
      const pid = Number(readFileSync(file, 'utf8'));
      if (pid > 0) return pid;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
