/**
 * The beginning of a text, at most `length` UTF-16 code units, never half of a surrogate pair. The result is a copy when the text is
 * longer: V8 makes `slice()` a view that keeps the whole text alive, which may be a message of many megabytes.
 */
export function beginning(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = isHighSurrogate(text.charCodeAt(length - 1)) ? length - 1 : length;
  return JSON.parse(JSON.stringify(text.slice(0, cut))) as string;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
