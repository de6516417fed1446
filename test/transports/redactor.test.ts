import { Redactor } from '../../src/transports/redactor.js';

describe('Redactor', () => {
  test('takes out secrets of six characters and more, the longest first', () => {
    const redactor = new Redactor(['hunter', 'hunter22', 'short', undefined, '']);
    expect(redactor.excerpt('hunter22 hunter short', 80)).toBe('[redacted] [redacted] short');
  });

  test('an excerpt is one line that does nothing to a terminal, and says when it was cut', () => {
    const redactor = new Redactor([]);
    expect(redactor.excerpt('  a\u001b[2Jb\t\r\n \u0007c\u009b1m\u007f ', 80)).toBe('ab c');
    expect(redactor.excerpt('x'.repeat(80), 80)).toBe('x'.repeat(80));
    expect(redactor.excerpt('x'.repeat(81), 80)).toBe(`${'x'.repeat(80)}…`);
    expect(redactor.excerpt(' '.repeat(10_000) + 'x', 80)).toBe('…');
  });

  test('an excerpt shows no piece of a secret, wherever the text is cut', () => {
    const secret = 's3cr3t'.repeat(500);
    const redactor = new Redactor([secret]);
    for (let padding = 0; padding < 8_000; padding += 97) {
      const shown = redactor.excerpt(`${' '.repeat(padding)}${secret}${secret}${secret}`, 80);
      expect(shown.replaceAll('[redacted]', '')).toMatch(/^…?$/);
    }
  });

  test('a tail keeps its lines, and shows no piece of a secret at its start', () => {
    const redactor = new Redactor(['one-secret', 'two\r\nlines']);
    expect(redactor.tail('a\tb\r\n\u001b[1mtwo\r\nlines\u001b[0m\none-secret\n', 100, false)).toBe(
      'a\tb\n[redacted]\n[redacted]\n',
    );
    expect(redactor.tail('secret and then what was said', 100, true)).not.toContain('secret');
    expect(redactor.tail('0123456789', 4, false)).toBe('6789');
  });
});
