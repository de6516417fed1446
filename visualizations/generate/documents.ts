const block = /^<!-- chart:([\w-]+) -->$[^]*?^<!-- \/chart:\1 -->$/gm;
const marker = /<!-- \/?chart:[\w-]+ -->/g;

/**
 * Puts charts into a document: replaces what stands between `<!-- chart:name -->` and `<!-- /chart:name -->`, each on a line of its
 * own, by the Mermaid text of that name.
 *
 * @throws Error for a marker that has no partner, or that names a chart there is not
 */
export function withCharts(markdown: string, mermaid: ReadonlyMap<string, string>): string {
  const lone = markdown.replace(block, '').match(marker);
  if (lone !== null) throw new Error(`${lone.join(', ')}: no other marker to make a block with`);
  return markdown.replace(block, (_, name: string) => {
    const text = mermaid.get(name);
    if (text === undefined) throw new Error(`<!-- chart:${name} -->: there is no chart of that name`);
    return `<!-- chart:${name} -->\n\n\`\`\`mermaid\n${text}\`\`\`\n\n<!-- /chart:${name} -->`;
  });
}
