const DECIMAL = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,16})?$/;

/** The number that a value is, or is the decimal text of: `3` for `3` and for `"3"`. Undefined for anything else. */
export function decimalNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : undefined;
}
