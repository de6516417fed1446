import { authFailure, isOutage } from '../../auth/auth-failures.js';
import type { ClientIdentity } from '../../auth/client-identity.js';
import type { DeviceGrant } from '../../auth/grants/device.js';
import { obtainDeviceCode } from '../../auth/grants/device-code.js';
import type { DeviceCode } from '../../auth/grants/device-code.js';
import type { OAuthGrant } from '../../auth/grants/grant.js';
import { isUnattended } from '../../auth/grants/unattended.js';
import type { OAuthSettings } from '../../auth/oauth-settings.js';
import type { SignInPrompt } from '../../auth/grants/sign-in-prompt.js';
import type { SignInRequest } from '../../auth/sign-in.js';
import { pollDeviceCode } from '../../auth/token-requests.js';
import type { TokenRequests } from '../../auth/token-requests.js';
import type { Tokens } from '../../auth/token-response.js';
import { invalidOption } from '../../option-checks.js';
import { hasBrowser, openBrowser } from '../../transports/open-browser.js';
import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { AuthorizationEvent } from './authorization-facts.js';
import { callUser, cancelled, refusalOf } from './sign-in-dialog.js';

/** What a person is shown. */
export interface CodeDialog {
  readonly grant: DeviceGrant;
  readonly code: DeviceCode;
  readonly shown: Pick<SignInPrompt, 'reason' | 'server' | 'scopes' | 'expiresAt'>;
  /** Receives the prompt before the program gets it. */
  readonly opened: (prompt: SignInPrompt) => void;
  readonly signal: AbortSignal;
}

/**
 * Shows a device code by the function of the user, until the signal is aborted: then it rejects with its reason. Resolves with a failure if the program
 * cancels the sign-in.
 */
function showCode({ grant, code, shown, opened, signal }: CodeDialog): Promise<Failure> {
  return new Promise((resolve, reject: (reason: Error) => void) => {
    const dialog = new AbortController();
    signal.addEventListener('abort', () => {
      dialog.abort();
      reject(signal.reason as Error);
    });
    const { issuer } = code.found.metadata;
    const cancel = (why: Failure): void => {
      dialog.abort();
      resolve(why);
    };
    const prompt: SignInPrompt = {
      kind: 'device',
      ...shown,
      issuer,
      url: code.url,
      userCode: code.userCode,
      signal: dialog.signal,
      open: () => (dialog.signal.aborted || !hasBrowser() ? Promise.resolve(false) : openBrowser(code.url)),
      complete: (callbackUrl) => {
        throw invalidOption(
          'callbackUrl',
          'left out: a sign-in with a device code has no callback',
          callbackUrl,
          'complete()',
        );
      },
      cancel: () => {
        cancel(cancelled(issuer));
      },
    };
    opened(prompt);
    // The person may sign in before this promise settles, whose result does not matter then.
    void callUser(() => grant.onPrompt(prompt)).then((problem) => {
      if (problem !== undefined) cancel(cancelled(issuer, problem));
    });
  });
}

/** The steps of a sign-in with a device code. Only they know the code. */
export class DeviceSignIn {
  #code: DeviceCode | undefined;

  /** The sign-in is over. */
  forget(): void {
    this.#code = undefined;
  }

  /** Obtains a code. */
  async request(
    requests: TokenRequests,
    chosen: SignInRequest,
    { settings, authTimeout }: { readonly settings: OAuthSettings; readonly authTimeout: number },
  ): Promise<AuthorizationEvent> {
    const code = await obtainDeviceCode(requests, chosen, settings.parameters);
    if (isFailure(code)) return refusalOf(code, chosen.client);
    requests.keepSecret(code.code);
    requests.keepSecret(code.userCode);
    this.#code = code;
    return { type: 'coded', interval: code.interval, lifetime: Math.min(code.lifetime ?? authTimeout, authTimeout) };
  }

  /** Shows the code to a person until the signal is aborted. */
  async show(grant: OAuthGrant, dialog: Omit<CodeDialog, 'grant' | 'code'>): Promise<AuthorizationEvent> {
    const code = this.#code;
    if (code === undefined || isUnattended(grant) || grant.kind !== 'device') throw noStep();
    return { type: 'failed', failure: await showCode({ ...dialog, grant, code }) };
  }

  /** Asks once whether the person has signed in: resolves with the tokens, or with the event that the result means. */
  async poll(requests: TokenRequests): Promise<readonly [Tokens, DeviceCode] | AuthorizationEvent> {
    const code = this.#code;
    if (code === undefined) throw noStep();
    const { found, client } = code;
    const tokens = await pollDeviceCode(requests, found, client, code.code).catch((thrown: unknown) => {
      if (isFailure(thrown) && isOutage(thrown)) return thrown;
      throw thrown;
    });
    // The person or the program has cancelled the sign-in meanwhile.
    requests.signal.throwIfAborted();
    return isFailure(tokens) ? eventOf(tokens, found.metadata.issuer, client) : [tokens, code];
  }
}

/** The chart runs no step without the ones before it. */
export function noStep(): TypeError {
  return new TypeError('The step before has no result');
}

/** What a response without tokens means. RFC 8628, 3.5. */
function eventOf(why: Failure, issuer: string, client: ClientIdentity): AuthorizationEvent {
  const error = why.details?.error;
  // An outage, or `slow_down`.
  if (isOutage(why)) return { type: 'delayed', failure: why };
  if (error === 'authorization_pending') return { type: 'pending' };
  if (error === 'access_denied')
    return { type: 'failed', failure: ended('MCP_SIGN_IN_DENIED', `The sign-in at ${issuer} was denied`, issuer) };
  if (error === 'expired_token')
    return { type: 'failed', failure: ended('MCP_SIGN_IN_TIMEOUT', `The code of ${issuer} has expired`, issuer) };
  return refusalOf(why, client);
}

function ended(code: 'MCP_SIGN_IN_DENIED' | 'MCP_SIGN_IN_TIMEOUT', message: string, issuer: string): Failure {
  return authFailure(code, 'sign-in', message, { issuer });
}
