// The conformance CLI imports `globSync` from node:fs, which Node 20 does not have; only a command that is not used here calls it.
// This registers a loader that supplies that one export, and does nothing where Node has it.
import * as fs from 'node:fs';
import { register } from 'node:module';

if (!('globSync' in fs)) {
  const hooks = `
    const SHIM = 'mcp-actors:fs';
    export async function resolve(specifier, context, next) {
      if ((specifier === 'fs' || specifier === 'node:fs') && context.parentURL?.includes('/conformance/dist/')) {
        return { url: SHIM, shortCircuit: true };
      }
      return next(specifier, context);
    }
    export async function load(url, context, next) {
      if (url !== SHIM) return next(url, context);
      const source = "import fs from 'node:fs'; export * from 'node:fs'; export default fs; export const globSync = () => [];";
      return { format: 'module', source, shortCircuit: true };
    }`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}
