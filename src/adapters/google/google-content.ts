import type { CallToolResult } from '../../protocol/schema/index.js';
import { contentParts, NO_CONTENT } from '../content.js';
import type { DataPart } from '../content.js';

/** The response to a call of a function, a `FunctionResponse` of Google. */
export interface GoogleFunctionResponse {
  id?: string;
  name: string;
  response: Record<string, unknown>;
  parts?: GoogleResponsePart[];
}

/** Data of a response. */
export interface GoogleResponsePart {
  inlineData: { mimeType: string; data: string };
}

/** The texts of a result as the response, and its data as parts. */
export function googleResponse(result: CallToolResult): Pick<GoogleFunctionResponse, 'response' | 'parts'> {
  const parts = contentParts(result);
  const text = parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('\n');
  const data = parts.filter((part): part is DataPart => part.kind !== 'text');
  const shown = text === '' && data.length === 0 ? NO_CONTENT : text;
  return {
    response: result.isError === true ? { error: shown === '' ? NO_CONTENT : shown } : { output: shown },
    ...(data.length > 0 && {
      parts: data.map(({ mimeType, data: base64 }) => ({ inlineData: { mimeType, data: base64 } })),
    }),
  };
}
