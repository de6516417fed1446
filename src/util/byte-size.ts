/** A number of bytes for people, such as `12 kB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  const thousands = bytes < 1_000_000;
  return `${(bytes / (thousands ? 1_000 : 1_000_000)).toFixed(1).replace(/\.0$/, '')} ${thousands ? 'kB' : 'MB'}`;
}
