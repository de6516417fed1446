/**
 * Decodes percent-encoded characters in a part of a URL. A percent sign that starts no valid sequence stays, because passwords in URLs often
 * contain one. URL Standard, 1.3.
 */
export function percentDecoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (sequence) => {
    try {
      return decodeURIComponent(sequence);
    } catch {
      return sequence;
    }
  });
}
