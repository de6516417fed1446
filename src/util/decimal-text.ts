const DECIMAL = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,16})?$/;

/** Converts a number or its decimal text to a number: `3` and `"3"` to `3`. Undefined for anything else. */
export function decimalNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : undefined;
}
