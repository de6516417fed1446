import type { MCPTransport } from '../transports/transport.js';
import { listCacheKey } from './lists/list-cache.js';
import type { MemberSettings } from './member-settings.js';

/**
 * The key of a server in a list cache. An entry of a config file is known by its description, as in the command line. Of other servers it is
 * the program with its arguments, or the URL; never the values of variables, headers or queries, nor arguments that look like secrets.
 */
export function cacheKeyOf(name: string, { description }: MemberSettings, transport: MCPTransport): string {
  if (description !== undefined) return listCacheKey(description);
  const { command, args, cwd, env, url, sseUrl } = transport as {
    readonly command?: string;
    readonly args?: readonly string[];
    readonly cwd?: string;
    readonly env?: object;
    readonly url?: string;
    readonly sseUrl?: string;
  };
  const address = url ?? sseUrl;
  if (command !== undefined) {
    return listCacheKey({ name, command, args: args?.map(hidden), cwd, env: Object.keys(env ?? {}).sort() });
  }
  return listCacheKey({
    name,
    kind: transport.constructor.name,
    url: address !== undefined && URL.canParse(address) ? withoutSecrets(new URL(address)) : undefined,
  });

  function hidden(arg: string): string {
    // The transport may come from another copy of this package, which has none.
    const { secrets } = transport as Partial<MCPTransport>;
    return secrets?.hide(arg) ?? arg;
  }
}

function withoutSecrets({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
