// An ESLint rule for the layers of src: each layer imports only from the layers before it in the list. All forms of imports are checked.
import path from 'node:path';

/** From the bottom to the top. A name is a folder or a file directly under src. */
export const LAYERS = [
  'util',
  'protocol',
  'diagnostics',
  'errors.ts',
  'option-checks.ts',
  'compiled-chart.ts',
  'auth',
  'transports',
  'machines',
  'recording',
  'api',
  'adapters',
  'config',
  'group',
  'inspect',
  'testing',
  'index.ts',
  'cli',
];

/** Pure folders: they import no package and no module of Node. One file may read the clock. */
const PURE = ['util', 'protocol', 'diagnostics'];
const IMPURE_FILE = 'util/environment.ts';

/** The entry points of the package. None of them imports another, so that the root does not load the test tools or the inspector. */
const ENTRIES = ['adapters', 'config', 'group', 'inspect', 'testing', 'index.ts'];

/** The layer of a file below src, by its first path segment; undefined when the segment is not a layer. */
function layerOf(relativeToSrc) {
  const [first = ''] = relativeToSrc.split('/');
  return LAYERS.find((layer) => layer === first);
}

const rule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      homeless: 'src/{{file}} is in no layer. The layers are: {{layers}}.',
      upward: 'The layer "{{from}}" must not import from "{{to}}". From the bottom to the top: {{layers}}.',
      outside: 'src must not import "{{source}}", which is outside of src.',
      impure: 'src/{{from}} is pure and imports no package, not "{{source}}".',
      extension: 'Write the extension: "{{source}}.js". Without it the ESM build does not load.',
    },
  },
  create(context) {
    const src = path.join(context.cwd, 'src');
    const relative = (file) => path.relative(src, file).split(path.sep).join('/');
    const file = relative(context.filename);
    const inSrc = !file.startsWith('..');
    const from = layerOf(file);
    const layers = LAYERS.join(', ');

    function check(node) {
      if (node?.type !== 'Literal' || typeof node.value !== 'string') return;
      const source = node.value;
      const report = (messageId, data) => context.report({ node, messageId, data: { source, layers, ...data } });
      if (!source.startsWith('.')) {
        if (PURE.includes(from) && file !== IMPURE_FILE) report('impure', { from });
        return;
      }
      if (!/\.(?:js|mjs|json)$/.test(source)) report('extension');
      if (!inSrc || from === undefined) return;
      const target = relative(path.resolve(path.dirname(context.filename), source)).replace(/\.js$/, '.ts');
      if (target.startsWith('..')) return report('outside');
      const to = layerOf(target);
      const otherEntry = from !== to && ENTRIES.includes(from) && ENTRIES.includes(to);
      if (to === undefined || otherEntry || LAYERS.indexOf(to) > LAYERS.indexOf(from))
        report('upward', { from, to: to ?? target });
    }

    return {
      Program(node) {
        if (inSrc && from === undefined) context.report({ node, messageId: 'homeless', data: { file, layers } });
      },
      ImportDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source),
      TSExternalModuleReference: (node) => check(node.expression),
      'CallExpression[callee.name="require"]': (node) => check(node.arguments[0]),
    };
  },
};

export default { rules: { layers: rule } };
