/** The name and version that servers receive. A test compares them with package.json. */
export const PACKAGE = { name: 'mcp-actors', version: '0.1.0' } as const;

/** The `User-Agent` of every HTTP request, unless the user sets another one: some firewalls reject requests without it. RFC 9110, 10.1.5. */
export const USER_AGENT = `${PACKAGE.name}/${PACKAGE.version}`;
