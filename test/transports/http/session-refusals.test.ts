import { SimulatedEnvironment } from '../../../src/testing/index.js';
import { HttpSession } from '../../../src/transports/http/http-session.js';
import { SessionRefusals } from '../../../src/transports/http/session-refusals.js';

const WORDS = 'Bad Request: No valid session ID provided';

let environment: SimulatedEnvironment;
let refusals: SessionRefusals;

beforeEach(() => {
  environment = new SimulatedEnvironment();
  refusals = new SessionRefusals(environment);
});

function session(): HttpSession {
  return Object.assign(new HttpSession(), { id: 's', version: '2025-11-25' });
}

/** Whether a request that is sent now, and refused, loses its session. */
function loses(of: HttpSession, message = WORDS): boolean {
  const { doubtful } = refusals;
  return refusals.loses(400, { code: -32_000, message }, { session: of, modern: false, doubtful });
}

test('words are not believed when the session that they brought about is refused in words as well, for a minute', async () => {
  expect(loses(session())).toBe(true);
  const next = session();
  expect(loses(next)).toBe(false);
  await environment.advance(59_999);
  expect(loses(next)).toBe(false);
  // It never answered: it may be lost after all.
  await environment.advance(1);
  expect(loses(next)).toBe(true);
});

test('words are believed again once the session that they brought about has answered', () => {
  for (let time = 0; time < 5; time += 1) {
    expect(loses(session())).toBe(true);
    refusals.accepted(session());
  }
});

test('the handshake, and late answers in the old session, do not count as answers', () => {
  const old = session();
  expect(loses(old)).toBe(true);
  old.lost = true;
  refusals.accepted(old);
  refusals.accepted(new HttpSession());
  expect(loses(session())).toBe(false);
});

test('those that were sent in the old session are refused because it is lost', () => {
  const old = session();
  expect(loses(old)).toBe(true);
  old.lost = true;
  expect(loses(old)).toBe(true);
});

test('words that a session says and works are never believed again, others are, until there are too many of them', () => {
  for (const words of ['session 1 is none', 'session 2 is none', 'session 3 is none']) {
    expect(loses(session(), words)).toBe(true);
    const next = session();
    expect(loses(next, words)).toBe(false);
    refusals.accepted(next);
    expect(loses(next, words)).toBe(false);
  }
  expect(loses(session())).toBe(false);
});
