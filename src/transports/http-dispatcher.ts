/**
 * What sends HTTP requests: any dispatcher of undici (an `Agent`, `Pool`, `ProxyAgent` or mock). Its type says no more than what is
 * asked of it, so that whatever version of undici you have fits.
 */
export interface HttpDispatcher {
  dispatch(options: object, handler: object): boolean;
}
