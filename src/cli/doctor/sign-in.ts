import { Discovery } from '../../auth/discovery.js';
import type { Discovered } from '../../auth/discovery.js';
import { UrlRules } from '../../auth/network/url-rules.js';
import { MCPClient } from '../../api/client.js';
import { MCPAuthenticationError } from '../../errors.js';
import type { MCPError } from '../../errors.js';
import { hintFor } from '../../diagnostics/explain.js';
import { HttpTransport } from '../../transports/http/http-transport.js';
import { SafeFetch } from '../../transports/safe-fetch.js';
import type { MCPTransport } from '../../transports/transport.js';
import { systemEnvironment } from '../../util/environment.js';
import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { PACKAGE } from '../../util/package.js';
import type { Limits } from './limits.js';
import type { Finding } from './report.js';

/** The largest metadata document, in bytes. */
const MOST_BYTES = 1_048_576;

interface Refused {
  readonly label: string;
  readonly transport: MCPTransport;
  readonly limits: Limits;
  readonly signal: AbortSignal;
}

/** Describes the refusal of a request without a valid token, and what a sign-in needs. */
export async function checkSignIn({ label, transport, limits, signal }: Refused, error: MCPError): Promise<Finding> {
  const url = urlOf(transport);
  const challenge =
    error.details.status === undefined && url !== undefined ? ((await refusal(url, limits, signal)) ?? error) : error;
  const { status, scheme, requiredScope, resourceMetadata, authorization } = challenge.details;
  const said = [
    text('WWW-Authenticate', scheme),
    text('error', challenge.details.error),
    text('scope', requiredScope),
    text('resource metadata', resourceMetadata),
  ].filter((one) => one !== undefined);
  const sent = authorization === 'sent';
  const message = sent ? 'the server does not accept the token' : 'the server requires a sign-in';
  const shown = typeof status === 'number' ? `${message} (HTTP ${status})` : message;
  const data = { status, scheme, requiredScope, resourceMetadata };
  const base = { check: 'access' as const, status: 'failed' as const, message: shown };
  if (url === undefined || sent || status === 403)
    return { ...base, signIn: status !== 403, fix: challenge.hint, details: said, data };
  const named = typeof resourceMetadata === 'string' ? resourceMetadata : undefined;
  const found = await search(url, named, limits, signal);
  if (found === undefined) {
    const fix =
      "Pass a token: --header 'Authorization: Bearer ${env:TOKEN}'. The server names no authorization server.";
    return { ...base, signIn: true, fix, details: said, data };
  }
  if (isFailure(found)) {
    const fix = hintFor(found);
    return { ...base, message: `${shown}, but its sign-in does not work: ${found.message}`, fix, details: said, data };
  }
  const { issuer, registration_endpoint: registration } = found.metadata;
  const details = [
    ...said,
    `authorization server: ${issuer}`,
    registration === undefined
      ? 'it registers no clients by itself: --client-id may be needed'
      : 'it registers clients by itself',
    ...(found.resourceScopes === undefined ? [] : [`scopes: ${found.resourceScopes.join(' ')}`]),
  ];
  return { ...base, signIn: true, fix: `Sign in: mcp-actors login ${label}`, details, data: { ...data, issuer } };
}

function text(name: string, value: unknown): string | undefined {
  return typeof value === 'string' ? `${name}: ${value}` : undefined;
}

function urlOf(transport: MCPTransport): URL | undefined {
  const { url } = transport as { readonly url?: unknown };
  return typeof url === 'string' && /^https?:/.test(url) ? new URL(url) : undefined;
}

/** The response to a request without any credentials: the flow of a sign-in does not report the challenge that started it. */
async function refusal(url: URL, { connect }: Limits, signal: AbortSignal): Promise<MCPError | undefined> {
  const { name, version } = PACKAGE;
  const client = new MCPClient(new HttpTransport(url), { clientInfo: { name, version }, connectTimeout: connect });
  try {
    await client.connect({ signal });
    return undefined;
  } catch (thrown) {
    return MCPAuthenticationError.isInstance(thrown) ? thrown : undefined;
  } finally {
    await client.close();
  }
}

/** Searches the authorization server; undefined if the server names none, a failure if it cannot be used. */
async function search(
  url: URL,
  named: string | undefined,
  limits: Limits,
  signal: AbortSignal,
): Promise<Discovered | Failure | undefined> {
  const network = new SafeFetch({
    rules: new UrlRules(url, { allowPrivate: false, allowHttp: false }),
    environment: systemEnvironment,
    timeout: limits.network,
    maxBytes: MOST_BYTES,
    dispatcher: undefined,
  });
  const options = {
    authorizationServer: undefined,
    resource: undefined,
    // Without metadata there are only guesses, which are no requirements.
    legacyDiscovery: false,
    dpop: 'auto' as const,
    grantType: 'authorization_code',
  };
  const known = { issuers: [], resource: undefined, metadata: undefined, requiresBinding: false };
  try {
    return await new Discovery(url, options, network, signal).search(named, known);
  } catch (thrown) {
    if (!isFailure(thrown)) throw thrown;
    return thrown.code === 'MCP_AUTH_DISCOVERY_FAILED' && named === undefined ? undefined : thrown;
  }
}
