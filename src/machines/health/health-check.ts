import type { Environment } from '../../util/environment.js';
import { modernMeta } from '../../protocol/request-meta.js';
import type { ClientIdentity, Session } from '../../protocol/session.js';
import { notConnected } from '../connection/connection-failures.js';
import { RequestFailure } from '../request/outcome.js';
import type { Outcome } from '../request/outcome.js';
import type { RequestRegistry } from '../request/request-registry.js';
import { ownRequest } from '../request/request-spec.js';
import type { CheckResult, HealthNews, HealthPorts } from './health-machine.js';

/** The result of a probe. */
export interface ProbeResult {
  readonly ok: boolean;
  /** Milliseconds until the response, or until it was clear that there is none. */
  readonly latency: number;
  readonly outcome: Outcome;
}

/** What {@link HealthChecks} needs from its connection. */
export interface HealthCheckPorts {
  readonly requests: RequestRegistry;
  readonly environment: Environment;
  readonly identity: ClientIdentity;
  /** The established session. */
  readonly session: () => Session | undefined;
  readonly send: (event: HealthNews) => void;
  /** Handles an exception that is caught nowhere else: ends the connection. */
  readonly fail: (thrown: unknown) => void;
}

/** Finds out whether the server responds: by the responses that it sends anyway, or by a probe. */
export class HealthChecks implements HealthPorts {
  readonly #ports: HealthCheckPorts;
  #lastResponseAt: number | undefined;

  constructor(ports: HealthCheckPorts) {
    this.#ports = ports;
  }

  beginWindow(): void {
    this.#lastResponseAt = this.#ports.requests.inFlight.lastAnswerAt;
  }

  check(timeout: number, found: (result: CheckResult) => void): void {
    this.#check(timeout).then(found).catch(this.#ports.fail);
  }

  async #check(timeout: number): Promise<CheckResult> {
    const { inFlight } = this.#ports.requests;
    if (this.#receivedResponse()) return { ok: true, busy: inFlight.working };
    const { ok, latency } = await this.probe(timeout);
    return { ok: ok || this.#receivedResponse(), latency: ok ? latency : undefined, busy: inFlight.working };
  }

  /** Whether a response was received since the window began. */
  #receivedResponse(): boolean {
    return this.#ports.requests.inFlight.lastAnswerAt !== this.#lastResponseAt;
  }

  /**
   * Sends a probe: `ping` in the legacy era, `server/discover` in the modern one, which has no ping. An error response also shows that the
   * server is alive. Without a session the probe fails at once. 2025-11-25 basic/utilities/ping.
   */
  async probe(timeout: number, signal?: AbortSignal): Promise<ProbeResult> {
    const { requests, environment, identity, session } = this.#ports;
    const probed = session();
    if (probed === undefined) return { ok: false, latency: 0, outcome: RequestFailure.failed(notConnected()) };
    const modern = probed.era === 'modern';
    const method = modern ? 'server/discover' : 'ping';
    const startedAt = environment.now();
    const params = modern ? { _meta: modernMeta(probed.protocolVersion, identity, undefined) } : undefined;
    const outcome = await requests.submit(ownRequest(method, params, { timeout, quiet: false, signal }));
    const ok = !(outcome instanceof RequestFailure) || outcome.failure?.delivery === 'answered';
    return { ok, latency: environment.now() - startedAt, outcome };
  }

  report(news: HealthNews): void {
    this.#ports.send(news);
  }
}
