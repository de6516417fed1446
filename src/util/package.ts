/** The name and version that servers see. A test holds them against package.json. */
export const PACKAGE = { name: 'mcp-actors', version: '0.1.0' } as const;

/** The `User-Agent` of every HTTP request, unless the user gives another: some firewalls refuse requests without one. RFC 9110, 10.1.5. */
export const USER_AGENT = `${PACKAGE.name}/${PACKAGE.version}`;
