import { createHash } from 'node:crypto';

import { interactive, oauth } from '../../../src/auth/index.js';
import type { OAuth, OAuthOptions, SignInPrompt } from '../../../src/auth/index.js';
import { modernServer, ScriptedHttpServer } from './http-server.js';
import type { HttpVisit } from './http-server.js';

export const REDIRECT_URI = 'http://127.0.0.1:8976/callback';

/** The grant types without a person. Every request is granted. */
const UNATTENDED: ReadonlySet<string | null> = new Set([
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
]);

/** Does something else than usual at a path of the authorization server; true if it has answered. */
export type Twist = (visit: HttpVisit) => boolean;

/**
 * A scripted authorization server with the resource metadata of an MCP server, on one origin: it registers clients, redirects at once, checks
 * PKCE, and rotates refresh tokens. What it issued is counted.
 */
export class AuthorizationServer {
  /** Puts this before each token, so that tests can look for it. */
  marker = 'token';
  /** Seconds. */
  expiresIn: number | undefined;
  issuesRefreshTokens = true;
  /** The scopes that it grants; undefined for the requested ones. */
  granted: string | undefined;
  /** The errors of the next polls for a device code, before the person has signed in. */
  polls: string[] = [];
  twist: Twist = () => false;
  /** Added to the callback, and taken from it with an empty value. */
  callback: Record<string, string> = {};
  readonly valid = new Set<string>();
  /** Scopes of access tokens. */
  readonly scopes = new Map<string, string>();
  readonly requests: string[] = [];
  /** The parameters of authorization requests, and of token requests. */
  readonly pages: URLSearchParams[] = [];
  readonly forms: URLSearchParams[] = [];
  #numbers = 0;
  readonly #codes = new Map<string, { challenge: string; scope: string }>();
  readonly #refreshTokens = new Map<string, string>();

  /** Answers the requests that are for it. */
  readonly answer = (visit: HttpVisit): boolean => {
    const url = new URL(visit.path, `http://${visit.headers.host ?? ''}`);
    const { origin, pathname } = url;
    const isOwn = pathname.startsWith('/.well-known/') || pathname.startsWith('/as/');
    if (!isOwn) return false;
    this.requests.push(`${visit.method} ${pathname}`);
    if (this.twist(visit)) return true;
    if (pathname === '/.well-known/oauth-protected-resource/mcp')
      visit.json({ resource: `${origin}/mcp`, authorization_servers: [`${origin}/as`] });
    else if (pathname === '/.well-known/oauth-authorization-server/as') visit.json(this.metadata(origin));
    else if (pathname === '/as/register') visit.json({ client_id: `client-${(this.#numbers += 1)}` }, 201);
    else if (pathname === '/as/authorize') this.#authorize(visit, url.searchParams, `${origin}/as`);
    else if (pathname === '/as/device') this.#device(visit, `${origin}/as`);
    else if (pathname === '/as/token') this.#token(visit);
    else visit.status(404);
    return true;
  };

  metadata(origin: string): Record<string, unknown> {
    const issuer = `${origin}/as`;
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      device_authorization_endpoint: `${issuer}/device`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  #authorize(visit: HttpVisit, parameters: URLSearchParams, iss: string): void {
    this.pages.push(parameters);
    const code = `${this.marker}-code-${(this.#numbers += 1)}`;
    const scope = parameters.get('scope') ?? '';
    this.#codes.set(code, { challenge: parameters.get('code_challenge') ?? '', scope });
    const location = new URL(parameters.get('redirect_uri') ?? '');
    const given = { code, iss, state: parameters.get('state') ?? '', ...this.callback };
    for (const [name, value] of Object.entries(given)) if (value !== '') location.searchParams.set(name, value);
    visit.status(302, { location: location.href });
  }

  #device(visit: HttpVisit, issuer: string): void {
    const form = new URLSearchParams(visit.body);
    this.pages.push(form);
    const device_code = `${this.marker}-device-${(this.#numbers += 1)}`;
    this.#refreshTokens.set(device_code, form.get('scope') ?? '');
    const verification_uri = `${issuer}/activate`;
    visit.json({
      ...{ device_code, user_code: 'WDJB-MJHT', verification_uri, expires_in: 61, interval: 7 },
      verification_uri_complete: `${verification_uri}?user_code=WDJB-MJHT`,
    });
  }

  #token(visit: HttpVisit): void {
    const form = new URLSearchParams(visit.body);
    this.forms.push(form);
    const error = form.has('device_code') ? this.polls.shift() : undefined;
    if (error !== undefined) {
      visit.json({ error }, 400);
      return;
    }
    const used = form.get('code') ?? form.get('refresh_token') ?? form.get('device_code') ?? '';
    const code = this.#codes.get(used);
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const ofRefresh = code === undefined ? this.#refreshTokens.get(used) : code.scope;
    const scope = UNATTENDED.has(form.get('grant_type')) ? (form.get('scope') ?? '') : ofRefresh;
    this.#codes.delete(used);
    this.#refreshTokens.delete(used);
    if (scope === undefined || (code !== undefined && code.challenge !== verifier))
      visit.json({ error: 'invalid_grant' }, 400);
    else visit.json(this.issue(scope));
  }

  /** Issues tokens. */
  issue(scope: string): Record<string, unknown> {
    const number = (this.#numbers += 1);
    const accessToken = `${this.marker}-access-${number}`;
    const refreshToken = `${this.marker}-refresh-${number}`;
    this.valid.add(accessToken);
    this.scopes.set(accessToken, this.granted ?? scope);
    if (this.issuesRefreshTokens) this.#refreshTokens.set(refreshToken, scope);
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      ...(this.issuesRefreshTokens && { refresh_token: refreshToken }),
      ...(this.expiresIn !== undefined && { expires_in: this.expiresIn }),
      ...(this.granted !== undefined && { scope: this.granted }),
    };
  }

  /** Makes all access tokens invalid. */
  expire(): void {
    this.valid.clear();
  }

  /** The token of a request to the MCP server, if it is valid. */
  tokenOf({ headers }: HttpVisit): string | undefined {
    const token = (headers.authorization ?? '').replace(/^(?:Bearer|DPoP) /, '');
    return this.valid.has(token) ? token : undefined;
  }

  count(path: string): number {
    return this.requests.filter((one) => one.endsWith(path)).length;
  }
}

/** An MCP server that requires tokens of an authorization server on its own origin. */
export async function protectedServer(
  as: AuthorizationServer,
  script: (visit: HttpVisit, token: string | undefined) => boolean = () => false,
): Promise<ScriptedHttpServer> {
  return ScriptedHttpServer.start(
    modernServer((visit) => {
      if (as.answer(visit)) return true;
      const token = as.tokenOf(visit);
      if (script(visit, token)) return true;
      if (token !== undefined) return false;
      const metadata = `http://${visit.headers.host ?? ''}/.well-known/oauth-protected-resource/mcp`;
      visit.status(401, { 'www-authenticate': `Bearer error="invalid_token", resource_metadata="${metadata}"` });
      return true;
    }),
  );
}

/** The URL to which the page of a prompt redirects the browser. */
export async function browse({ url }: SignInPrompt): Promise<string> {
  const { headers } = await fetch(url, { redirect: 'manual' });
  return headers.get('location') ?? '';
}

/** An `oauth()` whose person agrees at once. */
export function signedIn(
  prompts: SignInPrompt[] = [],
  options: Partial<OAuthOptions> = {},
  onPrompt: (prompt: SignInPrompt) => void | Promise<void> = async (prompt) => {
    prompt.complete(await browse(prompt));
  },
): OAuth {
  return oauth({
    grant: interactive({
      redirectUri: REDIRECT_URI,
      listen: false,
      onPrompt: (prompt) => {
        prompts.push(prompt);
        return onPrompt(prompt);
      },
    }),
    ...options,
  });
}
