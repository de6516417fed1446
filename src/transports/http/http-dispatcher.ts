/**
 * A dispatcher of undici 5 to 8 (an `Agent`, `Pool`, `ProxyAgent` or mock), or the one of Node's `fetch`. The type is minimal, so that every
 * version of undici fits. Over HTTP/2 (`new Agent({ allowH2: true })`) undici sends only one POST at a time per connection, so do not limit the
 * number of connections.
 */
export interface HttpDispatcher {
  dispatch(options: object, handler: object): boolean;
}
