import { inspect } from 'node:util';
import { toError } from '../../src/errors.js';
import { failure } from '../../src/util/failure.js';
import { argumentSecrets, environmentSecrets, headerSecrets, urlSecrets } from '../../src/transports/secret-values.js';
import { Secrets } from '../../src/transports/secrets.js';

function secretsOf(...values: string[]): Secrets {
  const secrets = new Secrets();
  secrets.from(() => values);
  return secrets;
}

describe('Secrets', () => {
  test('takes out values of six characters and more, the longest first', () => {
    expect(secretsOf('hunter', 'hunter22', 'short', '').hide('hunter22 hunter short')).toBe(
      '[redacted] [redacted] short',
    );
  });

  test('finds a value as it stands in JSON, in a URL, in a form, and after its invisible characters were taken out', () => {
    const secrets = secretsOf('a "quoted" välue/+\u200b');
    for (const written of [
      'a "quoted" välue/+',
      JSON.stringify('a "quoted" välue/+'),
      encodeURIComponent('a "quoted" välue/+'),
      encodeURIComponent('a "quoted" välue/+').toLowerCase(),
      encodeURIComponent('a "quoted" välue/+').replaceAll('%20', '+'),
    ])
      expect(secrets.hide(`<${written}>`)).toMatch(/^<"?\[redacted\]"?>$/);
  });

  test('leaves words that say nothing, and what is shown in any case', () => {
    const secrets = secretsOf('server', 'production', 'example.com');
    secrets.show('https://example.com/mcp');
    expect(secrets.hide('the server of example.com is in production')).toBe(
      'the server of example.com is in production',
    );
  });

  test('remembers the last 64 tokens', () => {
    const secrets = new Secrets();
    for (let number = 0; number < 100; number++) secrets.add(`token-number-${100 + number}`);
    expect(secrets.hide('token-number-135')).toBe('token-number-135');
    expect(secrets.hide('token-number-136 token-number-199')).toBe('[redacted] [redacted]');
  });

  test('shows no piece of a secret at the place where a text was cut', () => {
    const secret = 's3cr3t-and-long'.repeat(20);
    for (let padding = 3_700; padding < 4_200; padding += 7) {
      const why = failure('transport', 'MCP_HTTP_STATUS', `${' x'.repeat(padding / 2)}${secret}${'y'.repeat(9_000)}`);
      expect(secretsOf(secret).failure(why).message).not.toMatch(/s3cr3t|3cr3t-/);
    }
  });

  test('a tail keeps its lines, and shows no piece of a secret at its start', () => {
    const secrets = secretsOf('one-secret', 'two\r\nlines');
    expect(secrets.tail('a\tb\r\n\u001b[1mtwo\r\nlines\u001b[0m\none-secret\n', 100, false)).toBe(
      'a\tb\n[redacted]\n[redacted]\n',
    );
    expect(secrets.tail('-secret and then what was said', 100, true)).toBe('[redacted] and then what was said');
    expect(secrets.tail('0123456789', 4, false)).toBe('6789');
  });

  test('a failure without secrets stays the same object, and so does its cause', () => {
    const why = failure('transport', 'MCP_TRANSPORT_FAILED', 'broken', {
      cause: new Error('low\nlevel'),
      details: { a: ['b'] },
    });
    expect(secretsOf('hunter22').failure(why)).toBe(why);
  });

  test('a cause with a secret becomes a copy of the same class and code, also where causes go round', () => {
    class SocketTrouble extends Error {
      readonly code = 'E_SOCKET';
      readonly request = {
        headers: ['authorization', 'Bearer hunter22'],
        socket: new URL('http://x/?hunter22'),
        pool: new Map([['x', ['hunter22']]]),
      };
      again: unknown;
    }
    const cause = new SocketTrouble('refused hunter22');
    cause.again = cause;
    const why = failure('transport', 'MCP_TRANSPORT_FAILED', 'broken', { cause });
    const error = toError(secretsOf('hunter22').failure(why));
    expect(error.cause).toBeInstanceOf(SocketTrouble);
    expect(error.cause).toMatchObject({ code: 'E_SOCKET', message: 'refused [redacted]' });
    expect((error.cause as SocketTrouble).again).toBe(error.cause);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter22');
    expect(cause.message).toBe('refused hunter22');
  });

  test('the data of an error reply is left to programs as it came, and shown without secrets', () => {
    const data = { quoted: 'hunter22 \u001b[31mred', more: [1, { hunter22: true }] };
    const error = toError(
      secretsOf('hunter22').failure(failure('protocol', 'MCP_RPC_ERROR', 'No', { details: { data } })),
    );
    expect(error.details['data']).toBe(data);
    const shown = { data: { quoted: '[redacted] red', more: [1, { '[redacted]': true }] } };
    expect(JSON.parse(JSON.stringify(error.details))).toEqual(shown);
    expect(String(error)).toContain('[redacted] red');
    expect(inspect(error)).toContain('[redacted] red');
    for (const text of [JSON.stringify(error), String(error), error.explain(), inspect(error, { depth: 10 })]) {
      expect(text).not.toContain('hunter22');
      expect(text).not.toContain('\u001b');
    }
    expect(inspect(error, { customInspect: false, depth: 10 })).not.toContain('hunter22');
  });
});

describe('what is secret', () => {
  test('about headers: their values, parts of them, and Basic credentials', () => {
    const basic = Buffer.from('mary:pass:word').toString('base64');
    const found = [...headerSecrets(['authorization', `Basic ${basic}`, 'cookie', 'a=cookie-one; b="cookie-two"'])];
    expect(found).toEqual(
      expect.arrayContaining([`Basic ${basic}`, basic, 'mary', 'pass:word', 'cookie-one', 'cookie-two']),
    );
  });

  test('about a URL: its credentials, values of its query and keys without values, as they stand there and decoded', () => {
    const found = [...urlSecrets(new URL('https://us%2Fer:p%40ss@host/mcp?key=a%2Fb&only'))];
    expect(found).toEqual(expect.arrayContaining(['us%2Fer', 'us/er', 'p%40ss', 'p@ss', 'a%2Fb', 'a/b', 'only']));
  });

  test('about an environment: values that were given, and those inherited by name, with their lines, fields and passwords', () => {
    const env = {
      PEM: 'line one\nline two',
      URL: 'postgres://u:password@host/db',
      HEADERS: '{"Authorization":"Bearer in-json"}',
      PATH: '/usr/bin',
      GONE: undefined,
    };
    const found = [
      ...environmentSecrets(env, ['API_KEY', 'HOME'], { API_KEY: 'inherited', HOME: '/home/me', OTHER: 'x' }),
    ];
    expect(found).toEqual(expect.arrayContaining(['inherited', 'line one', 'line two', 'password', 'in-json']));
    expect(found).not.toEqual(expect.arrayContaining(['/usr/bin']));
    expect(found).not.toEqual(expect.arrayContaining(['/home/me']));
    const all = environmentSecrets(undefined, 'all', {
      API_KEY: 'inherited',
      EDITOR: 'nano',
      GH_PAT: 'pat',
      GIT_AUTHOR_NAME: 'me',
      PATH: '/bin',
    });
    expect([...all]).toEqual(['inherited', 'pat']);
  });

  test.each([
    [['--api-key=one'], 'one'],
    [['--api-key', 'one'], 'one'],
    [['--token', '-one'], '-one'],
    [['-e', 'DB_PASSWORD=one'], 'one'],
    [['--header', 'Authorization: Bearer one'], 'one'],
    [['--header', 'X-Api-Key:one'], 'one'],
    [['postgresql://me:one@localhost/db'], 'one'],
    [['--db=postgresql://me:one@localhost/db'], 'one'],
  ])('about the arguments %j', (args, secret) => {
    expect([...argumentSecrets(args)]).toContain(secret);
  });

  test('about other arguments nothing', () => {
    expect([...argumentSecrets(['-y', '@scope/server', '--port=8080', '--author', 'me', '/some/where'])]).toEqual([]);
  });
});

test('a text that looks cut in thousands of places takes no longer than others', () => {
  const secrets = secretsOf(...Array.from({ length: 50 }, (_, number) => `secret-${number}-${'x'.repeat(2_000)}`));
  const start = performance.now();
  for (const text of ['… (1 characters in all)', 'secret-1', 'x', '%41 ', '%25'])
    secrets.tail(text.repeat(Math.ceil(65_536 / text.length)), 4_096, true);
  expect(performance.now() - start).toBeLessThan(5_000);
});
