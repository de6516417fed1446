// What is run: the scenarios that are built, by the wire version they apply to. `required` are checks that must be there and succeed, so
// that a client which does nothing cannot pass.

/** @type {Readonly<Record<string, readonly string[]>>} */
export const LEGS = {
  '2025-06-18': ['initialize', 'tools_call'],
  '2025-11-25': [
    'initialize',
    'tools_call',
    'elicitation-sep1034-client-defaults',
    'sse-retry',
    'json-schema-2020-12-preservation',
  ],
  '2026-07-28': [
    'tools_call',
    'request-metadata',
    'sep-2322-client-request-state',
    'http-standard-headers',
    'http-custom-headers',
    'http-invalid-tool-headers',
    'json-schema-2020-12-preservation',
    'json-schema-ref-no-deref',
  ],
};

/** How many checks succeed at the least. */
/** @type {Readonly<Record<string, number>>} */
export const LEAST_SUCCESSES = {
  'initialize@2025-06-18': 1,
  'initialize@2025-11-25': 1,
  'tools_call@2025-06-18': 2,
  'tools_call@2025-11-25': 2,
  'tools_call@2026-07-28': 2,
  'elicitation-sep1034-client-defaults@2025-11-25': 5,
  'sse-retry@2025-11-25': 3,
  'json-schema-2020-12-preservation@2025-11-25': 9,
  'json-schema-2020-12-preservation@2026-07-28': 9,
  'request-metadata@2026-07-28': 8,
  'sep-2322-client-request-state@2026-07-28': 5,
  'http-standard-headers@2026-07-28': 9,
  'http-custom-headers@2026-07-28': 18,
  'http-invalid-tool-headers@2026-07-28': 12,
  'json-schema-ref-no-deref@2026-07-28': 1,
};
