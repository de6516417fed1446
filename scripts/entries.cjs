// The entries of the package, from the `exports` of package.json.
const { name: packageName, exports: targets } = require('../package.json');

/** The path of each entry below src and dist, without its extension, by the name that programs import: `mcp-actors/auth`, `auth/index`. */
exports.ENTRIES = new Map(
  Object.entries(targets)
    .filter(([, target]) => typeof target === 'object')
    .map(([name, target]) => [
      name.replace('.', packageName),
      target.require.default.replace('./dist/cjs/', '').replace(/\.js$/, ''),
    ]),
);
