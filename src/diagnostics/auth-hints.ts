import type { Hintable, HintTable } from './hintable.js';
import { reasonHint } from './network-hints.js';

/** Hints by failure code, for authorization. */
export const AUTH_HINTS: HintTable = {
  MCP_AUTHENTICATION_REQUIRED: authenticationHint,
  MCP_AUTH_BUSY:
    'Another program uses the token now, or the token store cannot be used: try again, and see the `error` events of the client.',
  MCP_AUTH_DISCOVERY_FAILED: 'Pass the issuer that the server trusts: option `authorizationServer` of oauth().',
  MCP_AUTH_RESPONSE_INVALID:
    'The response is not one to this request: do not use it. Correct `obtain` of your grant if it made the response, else report it to the operator of the authorization server.',
  MCP_AUTH_UNREACHABLE: ({ details }) => reasonHint(details?.reason),
  MCP_AUTH_UNSUPPORTED:
    'If the authorization server supports it and only does not announce it, pass its metadata: option `authorizationServer` of oauth().',
  MCP_AUTH_URL_FORBIDDEN:
    'The server names a URL that it should not. If you trust it, the option that the message names allows the URL.',
  MCP_CALLBACK_UNAVAILABLE: 'End the program that uses the port, or pass another `port` to interactive().',
  MCP_CLIENT_UNKNOWN:
    'Register the program at this authorization server by hand, and pass the option `client: { id }` of oauth(). If it has an `issuer`, compare it with the issuer in the message.',
  MCP_GRANT_FAILED: 'A function of your program that gives tokens or assertions has failed: see the cause.',
  MCP_ISSUER_MISMATCH: ({ details }) =>
    typeof details?.received === 'string'
      ? `The operator of the server must correct this. If you trust the other issuer, pass \`authorizationServer: '${details.received}'\`.`
      : 'The response is from another server than the one that was asked: do not use it.',
  MCP_REGISTRATION_REFUSED:
    'The authorization server decides who may register: allow the redirect URI there, or register by hand and pass `client: { id }`.',
  MCP_RESOURCE_MISMATCH:
    'Check the URL of the server: host, port and path must be those of the resource. `localhost` and `127.0.0.1` are different hosts.',
  MCP_SCOPE_INSUFFICIENT: 'Sign in with an account that has these permissions, or ask the administrator of the server.',
  MCP_SIGN_IN_CANCELLED: 'Call connect() again when the person wants to sign in.',
  MCP_SIGN_IN_DENIED: 'Ask the administrator of the server for access.',
  MCP_SIGN_IN_REQUIRED: ({ details }) => SIGN_IN_HINTS.get(details?.reason) ?? SIGN_IN_HINT,
  MCP_SIGN_IN_TIMEOUT:
    'Check that the page was shown, and that its redirect, if it has one, reaches `prompt.complete()`. Then call signIn().',
  MCP_TOKEN_REFUSED:
    'The server does not accept this issuer or audience: compare the options `authorizationServer` and `resource` of oauth() with what it expects. With `dpop: true` it must accept tokens that are bound to a key.',
  MCP_TOKEN_REQUEST_REFUSED: tokenRequestHint,
  MCP_TOKEN_STORE_FAILED:
    'Check the store that was passed to oauth(), and see the cause: until the store works, new tokens are kept in memory only.',
};

const SIGN_IN_HINT = 'Connect with `prompt: "auto"` of oauth() while a person is present.';

/** Hints by the reason for which no person was asked. */
const SIGN_IN_HINTS = new Map<unknown, string>([
  [
    'no browser',
    'Pass `onPrompt` to interactive(), and show the URL to a person: `onPrompt: ({ url }) => { console.error(url); }`. Or use device().',
  ],
  ['the program has signed out', 'Call signIn(), or connect().'],
]);

/** Hints by the error code of the authorization server. RFC 6749, 5.2; RFC 8707, 2. */
const TOKEN_ERRORS = new Map<unknown, string>([
  ['invalid_client', 'Check `id`, `secret` or `key`, and `authMethod` of the option `client` of oauth().'],
  [
    'invalid_grant',
    'The code, the refresh token or the assertion is not valid any more: sign in again, or give a new assertion. Check the clock of this machine.',
  ],
  ['invalid_scope', 'Check the option `scopes` of oauth().'],
  [
    'invalid_target',
    'The server does not accept this `resource`: pass the option `resource` of oauth(), or `resource: false`.',
  ],
]);

function tokenRequestHint({ details }: Hintable): string {
  return TOKEN_ERRORS.get(details?.error) ?? 'Check the settings of this client at the authorization server.';
}

function authenticationHint({ details }: Hintable): string {
  const { requiredScope, resourceMetadata, error, status, url, authorization } = details ?? {};
  if (status === undefined) return 'Your `auth.token()` must return a token: see the cause.';
  if (typeof requiredScope === 'string' && (error === 'insufficient_scope' || status === 403))
    return `The token does not allow this: get one with the scope "${requiredScope}".`;
  if (status === 403) return 'The server does not allow this for the token: check its scopes and permissions.';
  const where = typeof resourceMetadata === 'string' ? ` ${resourceMetadata} describes where to get one.` : '';
  if (error === 'invalid_token' || authorization === 'sent')
    return `The server does not accept this token: it may have expired, or be for another server. Renew it.${where}`;
  const option =
    typeof url === 'string' && url.startsWith('ws')
      ? 'headers: { Authorization }'
      : 'auth: { token }` or `auth: oauth({ … })';
  return `The server requires a token: pass the transport \`${option}\`.${where}`;
}
