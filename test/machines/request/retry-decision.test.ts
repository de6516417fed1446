import { decideRetry } from '../../../src/machines/request/retry-decision.js';
import type { RetryFacts } from '../../../src/machines/request/retry-decision.js';
import { failure } from '../../../src/util/failure.js';
import type { FailureParts } from '../../../src/util/failure.js';

const FACTS: RetryFacts = {
  framing: 'per-request',
  direct: false,
  repeatable: true,
  attempts: 1,
  sessionLosses: 0,
  reconnect: { delay: 4_000, maxDelay: 6_000 },
  timeLeft: 60_000,
  random: 0.5,
};

const refused = failure('transport', 'MCP_TRANSPORT_FAILED', 'refused', { delivery: 'not-sent' });
const broken = failure('transport', 'MCP_STREAM_BROKEN', 'broke', { delivery: 'unknown' });
const forgotten = failure('transport', 'MCP_SESSION_LOST', '404', { delivery: 'not-sent' });
const unauthorized = failure('authentication', 'MCP_AUTHENTICATION_REQUIRED', '401', { delivery: 'answered' });

function answered(status: number, parts: FailureParts['details'] = {}) {
  return failure('transport', 'MCP_HTTP_STATUS', String(status), {
    delivery: 'answered',
    details: { status, ...parts },
  });
}

/** A gateway answered in place of the server, which may have run the request. */
function unknown(status: number) {
  return { ...answered(status), delivery: 'unknown' } as const;
}

describe('a failed send', () => {
  it.each([
    ['over a shared link waits for the next one', refused, { framing: 'shared' }, { type: 'unsent' }],
    ['to a server that is down is tried again after a while', refused, {}, { type: 'unreachable', delay: 2_000 }],
    ['to a server that is down is over without reconnection', refused, { reconnect: undefined }, { type: 'error' }],
    ['to a server that is down is over when no time is left', refused, { timeLeft: 10 }, { type: 'error' }],
    ['of the negotiation is for the negotiation to judge', refused, { direct: true }, { type: 'error' }],
    ['that may have run is lost', broken, {}, { type: 'lose' }],
    [
      'that may have run, again, waits before the next attempt',
      broken,
      { attempts: 3 },
      { type: 'postpone', delay: 3_000 },
    ],
    [
      'that may have run, again, waits also without reconnection',
      broken,
      { attempts: 2, reconnect: undefined },
      { type: 'postpone', delay: 250 },
    ],
    ['that may have run, too often, is lost', broken, { attempts: 5 }, { type: 'lose' }],
    [
      'that may have run, and may not be repeated, is lost',
      broken,
      { attempts: 2, repeatable: false },
      { type: 'lose' },
    ],
    ['of the negotiation that may have run is over', broken, { direct: true }, { type: 'error' }],
    ['in a session that the server forgot is sent once more', forgotten, {}, { type: 'sessionLost', delay: 0 }],
    [
      'in a session that the server forgot is left to its deadline when the timer is late',
      forgotten,
      { timeLeft: -2 },
      { type: 'sessionLost', delay: 0 },
    ],
    [
      'in the next session, which the server forgot as well, waits before it is sent again',
      forgotten,
      { sessionLosses: 2 },
      { type: 'sessionLost', delay: 500 },
    ],
    [
      'in the next session, which the server forgot as well, is over when no time is left',
      forgotten,
      { sessionLosses: 1, timeLeft: 10 },
      { type: 'error' },
    ],
    ['for want of a token is over', unauthorized, {}, { type: 'error' }],
    ['with 500 is over', answered(500), {}, { type: 'error' }],
    [
      'with 429 waits as long as the server wants',
      answered(429, { retryAfter: 2_000 }),
      {},
      { type: 'postpone', delay: 2_000 },
    ],
    [
      'with 503 waits with backoff when the server names no time',
      answered(503),
      { attempts: 3 },
      { type: 'postpone', delay: 1_000 },
    ],
    [
      'with 503 is over when the server wants longer than there is',
      answered(503, { retryAfter: 90_000 }),
      {},
      { type: 'error' },
    ],
    ['with 503 is over when it may not be repeated', answered(503), { repeatable: false }, { type: 'error' }],
    ['with 503 is over when its budget is spent', answered(503), { attempts: 4 }, { type: 'error' }],
    [
      'with 502, which may have run, is over when its budget is spent',
      unknown(502),
      { attempts: 4 },
      { type: 'error' },
    ],
    [
      'that may have run, again, is over when the wait would end after its deadline',
      broken,
      { attempts: 3, timeLeft: 2_000 },
      { type: 'error' },
    ],
  ] as const)('%s', (_name, why, facts, event) => {
    expect(decideRetry(why, { ...FACTS, ...facts })).toMatchObject(event);
  });
});
