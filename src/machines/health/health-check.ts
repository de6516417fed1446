import type { Environment } from '../../util/environment.js';
import { modernMeta } from '../../protocol/request-meta.js';
import type { ClientIdentity, Session } from '../../protocol/session.js';
import type { CheckResult } from './health-machine.js';
import type { Outcome } from '../request/outcome.js';
import { RequestFailure } from '../request/outcome.js';
import type { RequestRegistry } from '../request/request-registry.js';
import { ownRequest } from '../request/request-spec.js';

/** Milliseconds that the server has to answer a probe, at most. */
export const PROBE_TIMEOUT = 10_000;

/** What a probe found out. */
export interface ProbeResult {
  readonly ok: boolean;
  /** Milliseconds until the answer, or until it was clear that none comes. */
  readonly latency: number;
  readonly outcome: Outcome;
}

/**
 * Asks the server for a sign of life: `ping` in the legacy era, `server/discover` in the modern one, which has no ping. An error is
 * a sign of life too. 2025-11-25 basic/utilities/ping.
 */
export async function probe(
  requests: RequestRegistry,
  environment: Environment,
  session: Session,
  identity: ClientIdentity,
  timeout: number,
  signal?: AbortSignal,
): Promise<ProbeResult> {
  const modern = session.era === 'modern';
  const method = modern ? 'server/discover' : 'ping';
  const startedAt = environment.now();
  const params = modern ? { _meta: modernMeta(session.protocolVersion, identity, undefined) } : undefined;
  const outcome = await requests.submit(ownRequest(method, params, { timeout, quiet: false, signal }));
  const ok = !(outcome instanceof RequestFailure) || outcome.failure?.delivery === 'answered';
  return { ok, latency: environment.now() - startedAt, outcome };
}

/** Says whether any answer came since the last look, so that traffic makes probes unnecessary. */
export function trafficWatch(requests: RequestRegistry): () => boolean {
  let seen = requests.inFlight.lastAnswerAt;
  return () => {
    const any = requests.inFlight.lastAnswerAt !== seen;
    seen = requests.inFlight.lastAnswerAt;
    return any;
  };
}

/** The finding of one check: by traffic if there was any, else by a probe, and by traffic while it was waited for. */
export async function check(
  sawTraffic: () => boolean,
  requests: RequestRegistry,
  ask: () => Promise<ProbeResult>,
): Promise<CheckResult> {
  if (sawTraffic()) return { ok: true, busy: requests.inFlight.working };
  const { ok, latency } = await ask();
  return { ok: ok || sawTraffic(), latency: ok ? latency : undefined, busy: requests.inFlight.working };
}
