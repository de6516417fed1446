/**
 * What is written with percent signs in a part of a URL. A percent sign that begins no character stands for itself, as URLs allow and
 * people do who put a password into one. URL Standard, 1.3.
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
