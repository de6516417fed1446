/** The layout leaves this much more room than Helvetica needs, for readers whose fallback font runs wider. */
const slack = 1.08;

/** Renders DOT as SVG, with Graphviz compiled to WebAssembly: the same bytes on every platform, no network, no installed program. */
export async function toSvg(dot: string): Promise<string> {
  const { instance } = await import('@viz-js/viz');
  const viz = await instance();
  const svg = viz.renderString(dot, { format: 'svg', engine: 'dot' });
  return (
    joinRuns(svg)
      // The version of Graphviz, which would change with each update.
      .replace(/^<\?xml[^]*?(?=<svg)/, '')
      .replace(/ font-family="[^"]*"/g, '')
      .replace(/<svg /, '<svg font-family="Helvetica, Arial, Liberation Sans, sans-serif" ')
      .replace(/font-size="([\d.]+)"/g, (_, size: string) => `font-size="${(Number(size) / slack).toFixed(2)}"`)
  );
}

/** The same for a page with its own fonts and colours: only shapes, ids, classes and titles, without a fixed size. */
export async function toPlainSvg(dot: string): Promise<string> {
  const svg = await toSvg(dot);
  return (
    svg
      .replace(/<!--[^]*?-->\n?/g, '')
      .replace(/ (?:font-family|font-size|fill|stroke|stroke-width|xml:space|xmlns:xlink)="[^"]*"/g, '')
      .replace(/<svg width="[^"]*" height="[^"]*"/, '<svg')
      // Only transitions need a title: the default title of other elements is their id.
      .replace(/<title>[^<]*<\/title>\n?/g, '')
      .replace(/<g id="a_[^"]*"><a xlink:title="([^"]*)">\n([^]*?)<\/a>\n<\/g>/g, '<title>$1</title>\n$2')
      .replace(/\n/g, '')
  );
}

/**
 * Makes one text of the runs of one line. Graphviz gives each run a place of its own, reckoned with its own idea of the font, so that
 * words would touch in any other.
 */
function joinRuns(svg: string): string {
  const text = /<text ([^>]*?)y="([^"]*)"([^>]*)>([^<]*)<\/text>/;
  const lines: string[] = [];
  let height: string | undefined;
  for (const line of svg.split('\n')) {
    const [, , y, look = '', words = ''] = text.exec(line) ?? [];
    if (y !== undefined && y === height) {
      const weight = look.includes('font-weight') ? '' : ' font-weight="normal"';
      lines[lines.length - 1] =
        `${lines.at(-1)?.replace(/<\/text>$/, '') ?? ''}<tspan${look}${weight}>${words}</tspan></text>`;
    } else lines.push(line);
    height = y;
  }
  return lines.join('\n');
}
