import { DEFAULT_MAX_MESSAGE_BYTES } from '../protocol/messages/lines.js';
import type { NetworkOptions } from './network-options.js';
import { fixedHeaders } from './http/http-options.js';
import { headerSecrets, urlSecrets } from './secret-values.js';
import { MCPTransport } from './transport.js';

/** What the transports over a network have in common: options that do not change with what the caller does afterwards. */
export abstract class NetworkTransport<Options extends NetworkOptions> extends MCPTransport {
  // Not visible to whoever prints the transport: headers may hold secrets.
  readonly #options: Options;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param headers those of the options, after they were checked */
  protected constructor(options: Options, headers: Readonly<Record<string, string>>) {
    super(options);
    this.#options = { ...options };
    this.#headers = headers;
  }

  /** Makes sure that nothing shows what is secret about these URLs, or the headers that go with them. */
  protected keepSecret(urls: readonly URL[]): void {
    for (const { origin, host, pathname } of urls) this.secrets.show(`${origin === 'null' ? host : origin}${pathname}`);
    this.secrets.from(() =>
      urls.flatMap((url) => [...urlSecrets(url), ...headerSecrets(fixedHeaders(url, this.#headers))]),
    );
  }

  /** The headers that were given. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  /** What was given. */
  protected get options(): Options {
    return this.#options;
  }

  /** The longest message that is read, in bytes. */
  protected get maxMessageBytes(): number {
    return this.#options.limits?.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
  }
}
