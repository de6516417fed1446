import type { MCPClient } from '../../api/client.js';
import type { Observation, Response } from './observation.js';
import type { Finding } from './report.js';

/** Describes the session: era, revision, and what the server responded to the requests of the negotiation. */
export async function checkProtocol(client: MCPClient, { responses, warnings: all }: Observation): Promise<Finding> {
  // Text that is not JSON has a check of its own.
  const warnings = all.filter(({ code }) => code !== 'MCP_INVALID_JSON');
  const { era, protocolVersion, name, version } = await client.getServerInfo();
  const details = [...responses.map(describeResponse), ...warnings.map(({ message }) => `warning: ${message}`)];
  const server = [name, version].filter((one) => one !== undefined && one !== '').join(' ');
  const message = `${protocolVersion} (${era})${server === '' ? '' : `, ${server}`}`;
  const data = { era, protocolVersion, name, version };
  const [problem] = warnings;
  if (problem === undefined) return { check: 'protocol', status: 'ok', message, details, data };
  const fix = problem.hint ?? 'This is a bug of the server: report it to its authors.';
  return { check: 'protocol', status: 'warning', message: `${message}; ${problem.message}`, fix, details, data };
}

function describeResponse({ method, took, error }: Response): string {
  if (error === undefined) return `${method}: result, ${took} ms`;
  const { code, message } = error;
  return `${method}: error ${String(code)}, ${typeof message === 'string' ? message : 'without a message'}, ${took} ms`;
}
