import { healthReasons } from '../../src/diagnostics/health-assessment.js';
import type { HealthFindings } from '../../src/diagnostics/health-assessment.js';
import type { HealthCheck } from '../../src/diagnostics/health-score.js';

const good: HealthCheck = { ok: true };
const missed: HealthCheck = { ok: false };
const took = (latency: number): HealthCheck => ({ ok: true, latency });

function reasons(findings: Partial<HealthFindings>): string[] {
  return healthReasons({ checks: [], inFlight: 0, silence: undefined, ...findings });
}

describe('what speaks against the health of a connection', () => {
  test.each<[string, Partial<HealthFindings>, string[]]>([
    ['nothing, before the first check', {}, []],
    ['nothing, when all is well', { checks: [good, took(2_000)], inFlight: 3, silence: 5_000 }, []],
    ['checks that were missed', { checks: [good, missed, good, missed] }, ['2 of 4 checks missed']],
    ['the first one', { checks: [missed] }, ['1 of 1 check missed']],
    ['checks that were slow', { checks: [took(2_001), good, took(9_000)] }, ['2 of 3 checks over 2.0 s']],
    ['silence under calls', { inFlight: 4, silence: 12_000 }, ['no response for 12.0 s with 4 requests in flight']],
    ['silence under one call', { inFlight: 1, silence: 130_000 }, ['no response for 2 min with 1 request in flight']],
    [
      'everything at once',
      { checks: [missed, took(3_000)], inFlight: 1, silence: 6_000 },
      ['1 of 2 checks missed', '1 of 2 checks over 2.0 s', 'no response for 6.0 s with 1 request in flight'],
    ],
  ])('is %s', (_what, findings, expected) => {
    expect(reasons(findings)).toEqual(expected);
  });

  test('is not how long a check took that failed: that is a miss', () => {
    expect(reasons({ checks: [{ ok: false, latency: 9_000 }] })).toEqual(['1 of 1 check missed']);
  });
});
