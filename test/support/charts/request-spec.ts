import type { RequestSpec } from '../../../src/machines/request/request-record.js';
import { methodEntry } from '../../../src/protocol/methods.js';

/** A request as a machine is asked for it. Unless told otherwise it never expires, must not be repeated, and nobody watches it. */
export function requestSpec(method: string, more: Partial<RequestSpec> = {}): RequestSpec {
  return {
    method,
    params: undefined,
    entry: methodEntry(method),
    timeout: Infinity,
    since: undefined,
    totalDeadline: Infinity,
    maxTotalTimeout: undefined,
    repeatable: false,
    direct: false,
    quiet: false,
    failFast: false,
    signal: undefined,
    onProgress: undefined,
    onNotice: undefined,
    headers: undefined,
    sharing: undefined,
    ...more,
  };
}
