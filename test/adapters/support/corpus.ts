import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { MCPTool } from '../../../src/index.js';

interface Listing {
  readonly server: string;
  readonly tools: readonly MCPTool[];
}

/** The tool definitions of real servers, without their texts, each as `server name` and definition. */
export function corpus(): readonly (readonly [string, MCPTool])[] {
  const file = path.join(__dirname, '../fixtures/tools.json');
  const listings = JSON.parse(readFileSync(file, 'utf8')) as readonly Listing[];
  return listings.flatMap(({ server, tools }) => tools.map((tool) => [`${server} ${tool.name}`, tool] as const));
}
