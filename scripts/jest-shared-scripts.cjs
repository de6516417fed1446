// Jest runs each test file in a new context, and compiles all modules again for it. A compiled script is not bound to a context: this
// keeps the scripts of the worker by file name, which saves about a tenth of a second for each test file. Modules are still executed for
// each test file.
const vm = require('node:vm');

const { compileFunction } = vm;

/** The scripts of this worker. A file whose text changes, as in watch mode, is compiled again. */
const scripts = new Map();

class SharedScript {
  constructor(code, head, filename) {
    this.code = code;
    this.head = head;
    this.script = new vm.Script(`${head}${code}\n})`, {
      filename,
      // Stacks have the columns of the file.
      columnOffset: -head.length,
      importModuleDynamically: (...args) => this.importModuleDynamically(...args),
    });
  }
}

vm.compileFunction = (code, parameters, options = {}) => {
  const { filename, parsingContext, importModuleDynamically } = options;
  if (filename === undefined || parsingContext === undefined || importModuleDynamically === undefined)
    return compileFunction(code, parameters, options);
  const head = `(function (${parameters.join(', ')}) {`;
  let shared = scripts.get(filename);
  if (shared?.code !== code || shared.head !== head) {
    shared = new SharedScript(code, head, filename);
    scripts.set(filename, shared);
  }
  // A worker runs one test file at a time; `import()` loads modules of that one.
  shared.importModuleDynamically = importModuleDynamically;
  return shared.script.runInContext(parsingContext);
};
