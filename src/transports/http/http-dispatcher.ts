/**
 * What sends HTTP requests: any dispatcher of undici 5 to 8 (an `Agent`, `Pool`, `ProxyAgent` or mock), or the one that the `fetch` of
 * Node uses. Its type says no more than what is asked of it, so that whatever version of undici you have fits. Over HTTP/2 (`new Agent({ allowH2: true })`) undici has no more than one
 * POST under way on a connection, so let it make as many as it wants.
 */
export interface HttpDispatcher {
  dispatch(options: object, handler: object): boolean;
}
