import type { MCPClient } from '../../api/client.js';
import { MCPError } from '../../errors.js';
import { describeFailure, fixFor } from './failures.js';
import type { Limits } from './limits.js';
import type { Finding } from './report.js';

const PINGS = 10;

/** Sends ten pings, one after the other. All of them together must be answered within the limit of a request. */
export async function checkPings(client: MCPClient, limits: Limits, signal: AbortSignal): Promise<Finding> {
  const times: number[] = [];
  const deadline = performance.now() + limits.request;
  try {
    for (let count = 0; count < PINGS; count += 1) {
      const timeout = Math.max(1, Math.round(deadline - performance.now()));
      times.push(await client.ping({ signal, timeout }));
    }
  } catch (error) {
    signal.throwIfAborted();
    const slow = MCPError.isInstance(error) && error.code === 'MCP_TIMEOUT';
    const message = slow
      ? `${times.length} of ${PINGS} pings were answered within ${limits.request} ms`
      : `ping ${times.length + 1} of ${PINGS} failed: ${describeFailure(error)}`;
    const fix = fixFor(error);
    // A server that answers some pings works, but slowly.
    return { check: 'pings', status: slow && times.length > 0 ? 'warning' : 'failed', message, fix };
  }
  const p50 = quantile(times, 0.5);
  const p95 = quantile(times, 0.95);
  return {
    check: 'pings',
    status: 'ok',
    message: `${PINGS} pings: p50 ${shown(p50)} ms, p95 ${shown(p95)} ms`,
    data: { p50, p95 },
  };
}

/** The nearest-rank quantile. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}

function shown(time: number): string {
  return time < 10 ? time.toFixed(1) : String(Math.round(time));
}
