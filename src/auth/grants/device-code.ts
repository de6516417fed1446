import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { printable } from '../../util/printable.js';
import { authFailure } from '../auth-failures.js';
import type { ExtraParameters } from '../oauth-settings.js';
import type { SignInRequest } from '../sign-in.js';
import { requestDeviceCode, withExtra } from '../token-requests.js';
import type { TokenRequests } from '../token-requests.js';

/** A code with which a person signs in at another device. RFC 8628, 3.2. */
export interface DeviceCode extends SignInRequest {
  /** The secret with which the tokens are requested. */
  readonly code: string;
  /** What the person enters, or compares. */
  readonly userCode: string;
  /** The page to open. */
  readonly url: string;
  /** The pause between two polls, in ms. */
  readonly interval: number;
  /** When the code expires, in ms from now on; undefined if the server does not announce it. */
  readonly lifetime: number | undefined;
}

/** The pause between two polls if the server names none, and the shortest one, in ms. */
const INTERVAL = 5_000;
const SHORTEST_INTERVAL = 1_000;

/** The longest code that a person is shown, in characters. */
const LONGEST_USER_CODE = 100;

/** Requests a device code. Resolves with a failure if the server refuses the request, and rejects with one of the network. */
export async function obtainDeviceCode(
  requests: TokenRequests,
  request: SignInRequest,
  extra: ExtraParameters,
): Promise<DeviceCode | Failure> {
  const { found, client, scopes } = request;
  const scope = scopes.length === 0 ? undefined : scopes.join(' ');
  const parameters = withExtra({ scope, resource: found.resource }, extra);
  const document = await requestDeviceCode(requests, found, client, parameters);
  if (isFailure(document)) return document;
  const { device_code: code, user_code: userCode, expires_in: seconds, interval } = document;
  const url = document.verification_uri_complete ?? document.verification_uri;
  const { issuer } = found.metadata;
  if (typeof code !== 'string' || code === '') return invalid(issuer, 'it has no device code');
  if (!isUserCode(userCode)) return invalid(issuer, 'it has no code that a person can be shown');
  if (typeof url !== 'string') return invalid(issuer, 'it has no page to open');
  const refusal = requests.network.refusal(url, 'verification page');
  if (refusal !== undefined) return refusal;
  const lifetime = milliseconds(seconds);
  const pause = milliseconds(interval);
  return {
    ...{ ...request, code, userCode, url, lifetime },
    interval: Math.max(pause ?? INTERVAL, SHORTEST_INTERVAL),
  };
}

/** It is shown to a person: it must not contain anything that changes what the person sees. */
function isUserCode(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= LONGEST_USER_CODE &&
    /^\P{Cc}+$/u.test(value) &&
    printable(value) === value
  );
}

function milliseconds(seconds: unknown): number | undefined {
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined;
}

function invalid(issuer: string, why: string): Failure {
  const message = `The device authorization response of ${issuer} is invalid: ${why}`;
  return authFailure('MCP_AUTH_RESPONSE_INVALID', 'sign-in', message, { issuer });
}
