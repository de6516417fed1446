// The tools fit the types of the three versions. `tsc --noEmit` is the test: jest does not run this file.
import type { ToolSet as ToolSet5 } from 'ai5';
import type { ToolSet as ToolSet6 } from 'ai6';
import type { ToolSet as ToolSet7 } from 'ai7' with { 'resolution-mode': 'import' };

import type { MCPClient } from '../../../src/index.js';
import { aiTools } from '../../../src/adapters/ai-sdk/index.js';

declare const client: MCPClient;

export const tools5 = async (): Promise<ToolSet5> => aiTools(client);
export const tools6 = async (): Promise<ToolSet6> => aiTools(client);
export const tools7 = async (): Promise<ToolSet7> => aiTools(client);
