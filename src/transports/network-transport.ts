import { DEFAULT_MAX_MESSAGE_BYTES } from '../protocol/messages/lines.js';
import type { NetworkOptions } from './network-options.js';
import { fixedHeaders } from './http/http-options.js';
import { headerSecrets, urlSecrets } from './secret-values.js';
import { MCPTransport } from './transport.js';

/** The base class of the transports over a network. It copies the options, so later changes by the caller have no effect. */
export abstract class NetworkTransport<Options extends NetworkOptions> extends MCPTransport {
  // Private, so that printing the transport does not show headers, which may be secrets.
  readonly #options: Options;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param headers the checked headers of the options */
  protected constructor(options: Options, headers: Readonly<Record<string, string>>) {
    super(options);
    this.#options = { ...options };
    this.#headers = headers;
  }

  /** Registers the secrets in these URLs and in the headers. */
  protected keepSecret(urls: readonly URL[]): void {
    for (const { origin, host, pathname } of urls) this.secrets.show(`${origin === 'null' ? host : origin}${pathname}`);
    this.secrets.from(() =>
      urls.flatMap((url) => [...urlSecrets(url), ...headerSecrets(fixedHeaders(url, this.#headers))]),
    );
  }

  /** The given headers. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  /** The given options. */
  protected get options(): Options {
    return this.#options;
  }

  /** Maximum size of a message, in bytes. */
  protected get maxMessageBytes(): number {
    return this.#options.limits?.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
  }
}
