import type { Failure } from '../../util/failure.js';
import { isLoopback, isLoopbackAddress, isPrivateHost, isPublicAddress, literalAddress } from './addresses.js';
import { authFailure } from '../auth-failures.js';

/** Which URLs the flow may use. */
export interface UrlPolicy {
  /** Allow private and reserved addresses also for a server that has a public one. */
  readonly allowPrivate: boolean;
  /** Allow plain HTTP, which protects neither codes nor tokens. */
  readonly allowHttp: boolean;
}

/** The rules for URLs that servers name. They depend on where the MCP server is: a server of this machine may name others of this machine. */
export class UrlRules {
  readonly #policy: UrlPolicy;
  readonly #isLocal: boolean;
  readonly #mayBePrivate: boolean;

  /** @param server the URL of the MCP server, as the user wrote it */
  constructor(server: URL, policy: UrlPolicy) {
    this.#policy = policy;
    this.#isLocal = isLoopback(server);
    this.#mayBePrivate = policy.allowPrivate || isPrivateHost(server);
  }

  /**
   * The rule by which a connection to an address is not allowed; undefined if it is. It is checked for the addresses of a name, too, right before
   * each connection: a resolver may know other addresses for `*.localhost`.
   */
  brokenByAddress(address: string, protocol = 'https:'): string | undefined {
    if (protocol === 'http:' && !this.#policy.allowHttp) return isLoopbackAddress(address) ? undefined : CLEAR_TEXT;
    return this.#mayBePrivate || isPublicAddress(address) ? undefined : PRIVATE;
  }

  /** Why a URL may not be used; undefined if it may. @param purpose a noun, such as `token endpoint` */
  refusal(given: string, purpose: string): Failure | undefined {
    const url = URL.canParse(given) ? new URL(given) : undefined;
    const rule = url === undefined ? 'it is not an absolute URL' : this.#brokenRule(url, given);
    return rule === undefined ? undefined : forbiddenUrl(url, purpose, rule);
  }

  #brokenRule(url: URL, given: string): string | undefined {
    // `URL` drops tabs and line ends, so that the text that people see would not be the URL that is used.
    if (!/^[!-~]+$/.test(given)) return 'it must have visible ASCII characters only';
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'it must have https:';
    if (url.username !== '' || url.password !== '') return 'it must have no credentials';
    if (url.hash !== '') return 'it must have no fragment';
    const isLocalHttp = this.#isLocal && isLoopback(url);
    if (url.protocol === 'http:' && !this.#policy.allowHttp && !isLocalHttp) return CLEAR_TEXT;
    const address = literalAddress(url) ?? (isLoopback(url) ? '127.0.0.1' : undefined);
    return address === undefined ? undefined : this.brokenByAddress(address, url.protocol);
  }
}

/** The rules about clear text and about addresses, in words. */
const CLEAR_TEXT = 'it must have https: (`network.allowHttp` lifts this rule)';
const PRIVATE = 'its address is private or reserved (`network.allowPrivate` lifts this rule)';

/** A URL that may not be used. The message shows it without its query. */
export function forbiddenUrl(url: URL | undefined, purpose: string, rule: string): Failure {
  const shown = url === undefined ? '' : ` ${url.origin === 'null' ? url.protocol : `${url.origin}${url.pathname}`}`;
  return authFailure('MCP_AUTH_URL_FORBIDDEN', 'discovery', `The ${purpose}${shown} may not be used: ${rule}`, {
    ...(url !== undefined && { url: shown.trim() }),
    purpose,
    rule,
  });
}
