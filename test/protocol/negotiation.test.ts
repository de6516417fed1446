import {
  acceptable,
  firstNegotiationRequest,
  handshakeVersion,
  judgeDiscovery,
  judgeHandshake,
  mayFallBack,
} from '../../src/protocol/negotiation.js';
import type { Answer, EraChoice, NegotiationRequest, Verdict } from '../../src/protocol/negotiation.js';
import type { Failure } from '../../src/util/failure.js';
import { eraOf, LEGACY_REVISIONS, MODERN_REVISIONS, newestShared } from '../../src/protocol/revisions.js';
import type { Era, MCPProtocolVersion } from '../../src/protocol/revisions.js';
import { discoverResult, initializeResult } from '../support/servers/scripts.js';

/** What was asked, in the words of a table: with which choice, which version, and whether after a correction. */
interface Asked {
  readonly choice?: EraChoice;
  readonly version?: MCPProtocolVersion;
  readonly corrected?: boolean;
}

function question(version: MCPProtocolVersion, asked: Asked = {}): NegotiationRequest {
  return {
    acceptable: acceptable(asked.choice ?? 'auto'),
    version: asked.version ?? version,
    corrected: asked.corrected ?? false,
  };
}

const onDiscover = (answer: Answer, asked?: Asked): Verdict => judgeDiscovery(answer, question('2026-07-28', asked));
const onInitialize = (answer: Answer, asked?: Asked): Verdict => judgeHandshake(answer, question('2025-11-25', asked));

const result = (value: unknown): Answer => ({ kind: 'result', result: value });
const error = (code: number, data?: unknown): Answer => ({ kind: 'error', error: { code, message: 'No', data } });
const nonsense: Answer = {
  kind: 'unusable',
  failure: { kind: 'protocol', code: 'MCP_INVALID_MESSAGE', message: 'Invalid message: result must be an object' },
};
const unsupported = (...supported: unknown[]): Answer => error(-32022, { supported, requested: '2026-07-28' });

const session = (protocolVersion: MCPProtocolVersion) => ({ verdict: 'session', session: { protocolVersion } });
const askAgain = (version: MCPProtocolVersion) => ({ verdict: 'ask-again', version });
const handshake = (version: MCPProtocolVersion) => ({ verdict: 'handshake', version });
const incompatible = (failure: Partial<Failure> = {}) => ({ verdict: 'incompatible', failure });

const withoutCapabilities: object = { ...discoverResult(), capabilities: undefined };

describe('the answer to server/discover', () => {
  test.each<[id: string, what: string, answer: Answer, verdict: object, asked?: Asked]>([
    ['V-31', 'a result that lists our revision is a modern session', result(discoverResult()), session('2026-07-28')],
    [
      'V-31',
      'a result that lists both eras is a modern session',
      result(discoverResult({ supportedVersions: ['2025-11-25', '2026-07-28', '2099-01-01'] })),
      session('2026-07-28'),
    ],
    [
      'J-20',
      'a result without resultType is complete',
      result(discoverResult({ resultType: undefined })),
      session('2026-07-28'),
    ],
    [
      'J-22',
      'a result of an unknown type proves nothing',
      result(discoverResult({ resultType: 'later' })),
      handshake('2025-11-25'),
    ],
    [
      'J-21',
      'nor does one that wants input',
      result(discoverResult({ resultType: 'input_required' })),
      handshake('2025-11-25'),
    ],
    [
      'V-24',
      'a result that lists only legacy revisions leads to the handshake with the newest we share',
      result(discoverResult({ supportedVersions: ['2025-06-18', '2024-11-05'] })),
      handshake('2025-06-18'),
    ],
    [
      'V-1',
      'a result that lists only revisions of the future is incompatible',
      result(discoverResult({ supportedVersions: ['2099-01-01'] })),
      incompatible({ code: 'MCP_UNSUPPORTED_VERSION' }),
    ],
    [
      'V-31',
      'a result that lists none is incompatible',
      result(discoverResult({ supportedVersions: [] })),
      incompatible({ code: 'MCP_UNSUPPORTED_VERSION' }),
    ],
    ['V-39', 'an empty result leads to the handshake', result({}), handshake('2025-11-25')],
    ['V-39', 'null leads to the handshake', result(null), handshake('2025-11-25')],
    ['V-39', 'a list of tools leads to the handshake', result({ tools: [] }), handshake('2025-11-25')],
    ['V-39', 'the answer to initialize leads to the handshake', result(initializeResult()), handshake('2025-11-25')],
    [
      'V-39',
      'versions that are no list',
      result(discoverResult({ supportedVersions: '2026-07-28' })),
      handshake('2025-11-25'),
    ],
    [
      'V-39',
      'versions that are no texts',
      result(discoverResult({ supportedVersions: [20260728] })),
      handshake('2025-11-25'),
    ],
    ['V-39', 'no capabilities', result(withoutCapabilities), handshake('2025-11-25')],
    ['V-33', 'what is no answer leads to the handshake', nonsense, handshake('2025-11-25')],
    [
      'V-36',
      'pinned to modern: what is no answer is incompatible',
      nonsense,
      incompatible({ code: 'MCP_UNSUPPORTED_VERSION', cause: nonsense.failure }),
      { choice: 'modern' },
    ],

    ...[-32601, -32602, -32600, -32603, -32700, -32000, -32002, -1, 0, 1, 401].map(
      (code): [string, string, Answer, object] => [
        'V-33',
        `error ${code} leads to the handshake`,
        error(code),
        handshake('2025-11-25'),
      ],
    ),
    ...[-32001, -32003, -32004].map((code): [string, string, Answer, object] => [
      'V-28',
      `error ${code} is no version error, whatever its data says`,
      error(code, { supported: ['2026-07-28'], requested: '2026-07-28' }),
      handshake('2025-11-25'),
    ]),

    [
      'V-21',
      '-32022 with our revision asks again with it',
      unsupported('2026-07-28', '2025-11-25'),
      askAgain('2026-07-28'),
    ],
    [
      'V-26',
      '-32022 that lists only what it refused asks once more',
      unsupported('2026-07-28'),
      askAgain('2026-07-28'),
    ],
    [
      'V-25',
      '-32022 to the second question is the end',
      unsupported('2026-07-28'),
      incompatible({ code: 'MCP_UNSUPPORTED_VERSION', errorCode: -32022 }),
      { corrected: true },
    ],
    [
      'V-24',
      '-32022 with one legacy revision shakes hands with it',
      unsupported('2025-06-18'),
      handshake('2025-06-18'),
    ],
    [
      'V-24',
      '-32022 with several legacy revisions shakes hands with the newest we share',
      unsupported('2024-11-05', '2025-03-26', '2025-12-24'),
      handshake('2025-03-26'),
    ],
    [
      'V-24',
      '-32022 with a legacy revision also ends the second question in the handshake',
      unsupported('2025-11-25'),
      handshake('2025-11-25'),
      { corrected: true },
    ],
    [
      'V-21',
      '-32022 with nothing shared is incompatible',
      unsupported('1.0'),
      incompatible({ code: 'MCP_UNSUPPORTED_VERSION' }),
    ],
    ...(
      [undefined, null, 'x', [], {}, { supported: '2026-07-28' }, { supported: [] }, { supported: [1, null] }] as const
    ).map((data): [string, string, Answer, object] => [
      'V-27',
      `-32022 with data ${JSON.stringify(data)} leads to the handshake`,
      error(-32022, data),
      handshake('2025-11-25'),
    ]),
    ...([error(-32601), error(-32603), error(-32022), result({}), unsupported()] as const).map(
      (answer): [string, string, Answer, object, Asked] => [
        'V-23',
        `a server that has corrected us is modern: no handshake after ${JSON.stringify(answer)}`,
        answer,
        incompatible({ code: 'MCP_UNSUPPORTED_VERSION' }),
        { corrected: true },
      ],
    ),
    [
      'V-50',
      '-32021 that names capabilities is modern, and final',
      error(-32021, { requiredCapabilities: { sampling: {} } }),
      incompatible({ kind: 'capability', code: 'MCP_CAPABILITY_MISSING', errorCode: -32021 }),
    ],
    ['V-50', '-32021 that names none leads to the handshake', error(-32021), handshake('2025-11-25')],
    [
      'V-50',
      '-32021 with a list of names is not the released shape',
      error(-32021, { requiredCapabilities: ['sampling'] }),
      handshake('2025-11-25'),
    ],
    ...([{}, { corrected: true }, { choice: 'modern' }] as const).map(
      (asked): [string, string, Answer, object, Asked] => [
        'V-42',
        `-32020 is modern, and no handshake mends headers (${JSON.stringify(asked)})`,
        error(-32020),
        incompatible({ code: 'MCP_RPC_ERROR', errorCode: -32020, message: 'server/discover failed: No (-32020)' }),
        asked,
      ],
    ),

    ['V-36', 'pinned to modern: our revision', result(discoverResult()), session('2026-07-28'), { choice: 'modern' }],
    ['V-36', 'pinned to the revision', result(discoverResult()), session('2026-07-28'), { choice: '2026-07-28' }],
    ...([error(-32601), result({}), error(-32022), unsupported('2025-11-25')] as const).map(
      (answer): [string, string, Answer, object, Asked] => [
        'V-36',
        `pinned to modern: no fall back after ${JSON.stringify(answer)}`,
        answer,
        incompatible({ code: 'MCP_UNSUPPORTED_VERSION' }),
        { choice: 'modern' },
      ],
    ),
  ])('%s %s', (...[, , answer, verdict, asked]) => {
    expect(onDiscover(answer, asked)).toMatchObject(verdict);
  });

  test('the session has the information of the server', () => {
    expect(onDiscover(result(discoverResult({ instructions: 'Be kind.', capabilities: { tools: {} } })))).toEqual({
      verdict: 'session',
      session: {
        era: 'modern',
        protocolVersion: '2026-07-28',
        capabilities: { tools: {} },
        serverInfo: { name: 'scripted', version: '1.0.0' },
        instructions: 'Be kind.',
      },
    });
  });

  test.each<[where: string, result: object, name: string | undefined]>([
    ['in _meta', discoverResult(), 'scripted'],
    [
      'on top, as before the release',
      discoverResult({ _meta: undefined, serverInfo: { name: 'old', version: '1' } }),
      'old',
    ],
    ['in both: _meta counts', discoverResult({ serverInfo: { name: 'old', version: '1' } }), 'scripted'],
    ['nowhere', discoverResult({ _meta: undefined }), undefined],
  ])('V-13 the name of the server may stand %s', (_where, answer, name) => {
    const verdict = onDiscover(result(answer));
    expect(verdict.verdict === 'session' && verdict.session.serverInfo?.name).toBe(name);
  });

  test('V-21 the error of two that share nothing names what both have', () => {
    const verdict = onDiscover(unsupported('2099-01-01', '1.0'));
    expect(verdict).toMatchObject(
      incompatible({
        kind: 'protocol',
        delivery: 'answered',
        details: { supported: ['2099-01-01', '1.0'], requested: [...LEGACY_REVISIONS, ...MODERN_REVISIONS] },
      }),
    );
    const { message } = (verdict as { failure: Failure }).failure;
    for (const version of ['2099-01-01', '1.0', ...LEGACY_REVISIONS, ...MODERN_REVISIONS])
      expect(message).toContain(version);
  });

  test('V-25 the error of a server that refuses what it lists does not say that nothing is shared', () => {
    const { failure } = onDiscover(unsupported('2026-07-28'), { corrected: true }) as { failure: Failure };
    expect(failure.message).toContain('2026-07-28');
    expect(failure.message).not.toContain('No shared');
    expect(failure.cause).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32022 });
  });

  test('V-50 the error of a missing client capability names it', () => {
    const { failure } = onDiscover(error(-32021, { requiredCapabilities: { sampling: {}, roots: {} } })) as {
      failure: Failure;
    };
    expect(failure.message).toContain('sampling, roots');
    expect(failure.details).toMatchObject({ required: ['sampling', 'roots'] });
  });

  test('V-36 the error of a pinned modern client has the message of the server', () => {
    const { failure } = onDiscover(error(-32601), { choice: 'modern' }) as { failure: Failure };
    expect(failure.cause).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32601 });
  });
});

describe('the answer to initialize', () => {
  test.each<[id: string, what: string, answer: Answer, verdict: object, asked?: Asked]>([
    ...LEGACY_REVISIONS.map((version): [string, string, Answer, object] => [
      'L-3',
      `${version} answered is ${version} spoken`,
      result(initializeResult(version)),
      session(version),
    ]),
    ...LEGACY_REVISIONS.map((version): [string, string, Answer, object, Asked] => [
      'V-36',
      `pinned to ${version} and answered with it`,
      result(initializeResult(version)),
      session(version),
      { choice: version, version },
    ]),
    ...['2024-10-07', '2025-12-24', '2099-01-01', '1.0', ''].map((version): [string, string, Answer, object] => [
      'L-4',
      `the unknown version "${version}" is incompatible`,
      result(initializeResult(version)),
      incompatible({ code: 'MCP_UNSUPPORTED_VERSION', details: { supported: [version] } }),
    ]),
    [
      'L-5',
      'a modern version is none of the handshake',
      result(initializeResult('2026-07-28')),
      incompatible({
        code: 'MCP_UNSUPPORTED_VERSION',
        message:
          'The server answered the handshake with revision 2026-07-28, which has no handshake; the client offered 2025-11-25',
      }),
    ],
    [
      'V-36',
      'pinned to one revision and answered with another',
      result(initializeResult('2025-06-18')),
      incompatible({ code: 'MCP_UNSUPPORTED_VERSION' }),
      { choice: '2025-11-25' },
    ],
    [
      'L-12',
      'a refusal that lists another revision of ours asks again with it',
      error(-32602, { supported: ['2024-11-05', '2025-03-26'], requested: '2025-11-25' }),
      askAgain('2025-03-26'),
    ],
    [
      'L-12',
      'but only once',
      error(-32602, { supported: ['2024-11-05'], requested: '2025-03-26' }),
      incompatible({ errorCode: -32602 }),
      { version: '2025-03-26', corrected: true },
    ],
    [
      'L-12',
      'nor when it lists what it refused',
      error(-32602, { supported: ['2025-11-25'] }),
      incompatible({ errorCode: -32602 }),
    ],
    [
      'L-12',
      'nor when it lists nothing we speak',
      error(-32602, { supported: ['1.0'] }),
      incompatible({ errorCode: -32602 }),
    ],
    ['L-12', 'nor without a list', error(-32602), incompatible({ errorCode: -32602 })],
    [
      'L-15',
      'no version',
      result({ ...initializeResult(), protocolVersion: undefined }),
      incompatible({ code: 'MCP_INVALID_RESULT' }),
    ],
    [
      'L-15',
      'no capabilities',
      result({ ...initializeResult(), capabilities: null }),
      incompatible({ code: 'MCP_INVALID_RESULT' }),
    ],
    [
      'L-15',
      'no name',
      result({ ...initializeResult(), serverInfo: {} }),
      incompatible({ code: 'MCP_INVALID_RESULT' }),
    ],
    ['L-15', 'an empty result', result({}), incompatible({ code: 'MCP_INVALID_RESULT' })],
    ['L-15', 'what is no answer', nonsense, incompatible(nonsense.failure)],
  ])('%s %s', (...[, , answer, verdict, asked]) => {
    expect(onInitialize(answer, asked)).toMatchObject(verdict);
  });

  test('V-64 the error of a modern server to initialize is shown', () => {
    const refusal: Answer = {
      kind: 'error',
      error: { code: -32022, message: 'Only 2026-07-28 here', data: { supported: ['2026-07-28'] } },
    };
    const { failure } = onInitialize(refusal) as { failure: Failure };
    expect(failure.message).toContain('Only 2026-07-28 here');
    expect(failure.errorCode).toBe(-32022);
  });

  test('L-15 the session has the information of the server', () => {
    expect(
      onInitialize(result(initializeResult('2025-06-18', { instructions: 'Be kind.', capabilities: {} }))),
    ).toEqual({
      verdict: 'session',
      session: {
        era: 'legacy',
        protocolVersion: '2025-06-18',
        capabilities: {},
        serverInfo: { name: 'scripted', version: '1.0.0' },
        instructions: 'Be kind.',
      },
    });
  });
});

describe('the first negotiation request', () => {
  test.each<[choice: EraChoice, known: Era | undefined, ask: Era, version: MCPProtocolVersion]>([
    ['auto', undefined, 'modern', '2026-07-28'],
    ['auto', 'modern', 'modern', '2026-07-28'],
    ['auto', 'legacy', 'legacy', '2025-11-25'],
    ['modern', undefined, 'modern', '2026-07-28'],
    ['modern', 'legacy', 'modern', '2026-07-28'],
    ['2026-07-28', 'legacy', 'modern', '2026-07-28'],
    ['legacy', undefined, 'legacy', '2025-11-25'],
    ['legacy', 'modern', 'legacy', '2025-11-25'],
    ...LEGACY_REVISIONS.map((version): [EraChoice, undefined, Era, MCPProtocolVersion] => [
      version,
      undefined,
      'legacy',
      version,
    ]),
  ])('V-36 with %s, knowing %s, is %s, %s', (choice, known, ask, version) => {
    expect(firstNegotiationRequest(acceptable(choice), known)).toEqual({ ask, version });
  });

  test.each<[choice: EraChoice, fallBack: boolean, offered: MCPProtocolVersion]>([
    ['auto', true, '2025-11-25'],
    ['modern', false, '2025-11-25'],
    ['legacy', false, '2025-11-25'],
    ['2026-07-28', false, '2025-11-25'],
    ['2025-03-26', false, '2025-03-26'],
  ])('V-33 with %s silence may mean legacy: %s, and %s is offered', (choice, fallBack, offered) => {
    expect(mayFallBack(acceptable(choice))).toBe(fallBack);
    expect(handshakeVersion(acceptable(choice))).toBe(offered);
  });
});

describe('revisions', () => {
  test.each<[version: string, era: Era | undefined]>([
    ...LEGACY_REVISIONS.map((version): [string, Era] => [version, 'legacy']),
    ['2026-07-28', 'modern'],
    ['2099-01-01', undefined],
    ['2024-10-07', undefined],
    ['', undefined],
  ])('V-1 the era of "%s" is %s', (version, era) => {
    expect(eraOf(version)).toBe(era);
  });

  test('V-1 the newest shared one is picked by our order, and values that are not versions are skipped', () => {
    expect(newestShared(LEGACY_REVISIONS, ['2025-06-18', null, 7, '2099-01-01', '2024-11-05'])).toBe('2025-06-18');
    expect(newestShared(LEGACY_REVISIONS, [])).toBeUndefined();
    expect(newestShared([], ['2025-06-18'])).toBeUndefined();
  });
});

/** Answers a question like a server of a kind; undefined is silence. */
type ServerKind = (ask: Era, version: MCPProtocolVersion) => Answer | undefined;

const SERVERS = {
  modern: (ask) => (ask === 'modern' ? result(discoverResult()) : unsupported('2026-07-28')),
  'legacy, which refuses': (ask, version) => (ask === 'modern' ? error(-32601) : result(initializeResult(version))),
  'legacy, which is silent': (ask, version) => (ask === 'modern' ? undefined : result(initializeResult(version))),
  'of both eras': (ask, version) => result(ask === 'modern' ? discoverResult() : initializeResult(version)),
} satisfies Record<string, ServerKind>;

/** Negotiates to the end, the way the connection does. */
function negotiate(choice: EraChoice, server: ServerKind): Era | Failure | 'silence' {
  const allowed = acceptable(choice);
  let { ask, version } = firstNegotiationRequest(allowed, undefined);
  for (let corrected = false; ;) {
    const answer = server(ask, version);
    if (answer === undefined && !mayFallBack(allowed)) return 'silence';
    const judge = ask === 'modern' ? judgeDiscovery : judgeHandshake;
    const verdict: Verdict =
      answer === undefined
        ? { verdict: 'handshake', version: handshakeVersion(allowed) }
        : judge(answer, { acceptable: allowed, version, corrected });
    if (verdict.verdict === 'session') return verdict.session.era;
    if (verdict.verdict === 'incompatible') return verdict.failure;
    corrected = verdict.verdict === 'ask-again';
    if (verdict.verdict === 'handshake') ask = 'legacy';
    ({ version } = verdict);
  }
}

describe('the compatibility matrix', () => {
  const fails = expect.objectContaining({ kind: 'protocol' }) as Failure;

  test.each<[client: EraChoice, server: keyof typeof SERVERS, outcome: Era | Failure | 'silence']>([
    ['modern', 'modern', 'modern'],
    ['modern', 'legacy, which refuses', fails],
    ['modern', 'legacy, which is silent', 'silence'],
    ['modern', 'of both eras', 'modern'],
    ['auto', 'modern', 'modern'],
    ['auto', 'legacy, which refuses', 'legacy'],
    ['auto', 'legacy, which is silent', 'legacy'],
    ['auto', 'of both eras', 'modern'],
    ['legacy', 'modern', fails],
    ['legacy', 'legacy, which refuses', 'legacy'],
    ['legacy', 'legacy, which is silent', 'legacy'],
    ['legacy', 'of both eras', 'legacy'],
  ])('a client that is %s and a server that is %s', (client, server, outcome) => {
    expect(negotiate(client, SERVERS[server])).toEqual(outcome);
  });
});
