import { createHash } from 'node:crypto';

import type { Provider } from './provider-rules.js';

/** The provider whose rules a tool set follows; `any` for a framework that works with all of them. */
export type TargetProvider = Provider | 'any';

interface NameRule {
  readonly longest: number;
  /** The characters that a name may not have. */
  readonly others: RegExp;
  readonly start: RegExp;
}

const COMMON: NameRule = { longest: 64, others: /[^a-zA-Z0-9_-]/g, start: /^[a-zA-Z0-9_-]/ };

/** The rules of {@link PROVIDER_RULES} for names, in the form that a new name is made with. */
const RULES: Readonly<Record<TargetProvider, NameRule>> = {
  openai: COMMON,
  anthropic: { ...COMMON, longest: 128 },
  google: { longest: 64, others: /[^a-zA-Z0-9_.:-]/g, start: /^[a-zA-Z_]/ },
  any: { ...COMMON, start: /^[a-zA-Z_]/ },
};

/** The names of root properties, which Anthropic restricts. */
const PROPERTY: NameRule = { longest: 64, others: /[^a-zA-Z0-9_.-]/g, start: /^./ };

/** The digits of the hash at the end of a changed name. */
const DIGITS = 6;

/**
 * A name that the provider takes. A name that fits stays. Any other gets `_` in place of the characters that do not fit, and ends in `_` and 6 digits
 * of its hash: so it is the same on each run, and does not depend on the other tools.
 */
export function nameFor(provider: TargetProvider, name: string): string {
  return fitted(name, RULES[provider]);
}

/** The name of a root property that Anthropic takes, made like {@link nameFor}. */
export function propertyNameFor(name: string): string {
  return fitted(name, PROPERTY);
}

function fitted(name: string, { longest, others, start }: NameRule): string {
  const clean = name.replace(others, '_');
  if (clean === name && name.length <= longest && start.test(name)) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, DIGITS);
  const beginning = start.test(clean) ? clean : `_${clean}`;
  return `${beginning.slice(0, longest - DIGITS - 1)}_${hash}`;
}
