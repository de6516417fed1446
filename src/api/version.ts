/** The name and version that servers see. A test holds them against package.json. */
export const PACKAGE = { name: 'mcp-actors', version: '0.1.0' } as const;
