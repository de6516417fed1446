// ts-jest, with source maps beside the code. Jest compiles every module again for every test file, and an inline map is three quarters of
// its text.
const { Buffer } = require('node:buffer');
require('./jest-shared-scripts.cjs');
const tsJest = require('ts-jest').default;

const MARK = '//# sourceMappingURL=data:application/json;charset=utf-8;base64,';

function separate({ code }) {
  const at = code.lastIndexOf(MARK);
  if (at === -1) return { code };
  return { code: code.slice(0, at), map: Buffer.from(code.slice(at + MARK.length), 'base64').toString() };
}

exports.createTransformer = (options) => {
  const transformer = tsJest.createTransformer(options);
  return {
    process: (...args) => separate(transformer.process(...args)),
    getCacheKey: (...args) => `${transformer.getCacheKey(...args)}-separate`,
  };
};
