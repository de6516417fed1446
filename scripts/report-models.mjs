// Prints the numbers of the tests in test/models, which are in their titles. Argument: a file with the results of jest as JSON.
import { readFileSync } from 'node:fs';

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const titles = testResults
  .flatMap(({ assertionResults }) => assertionResults)
  .filter(({ status }) => status === 'passed')
  .map(({ fullName }) => fullName);

/** The sums of the numbers in all titles that match a pattern. */
function sums(pattern) {
  const found = titles.map((title) => pattern.exec(title)).filter((match) => match !== null);
  return [0, 1].map((at) => found.reduce((sum, match) => sum + Number(match[at + 1] ?? 0), 0).toLocaleString('en'));
}

const [paths, edges] = sums(/\((\d+) paths, (\d+) of \d+ edges\)/);
const [taken, states] = sums(/real actor does on (\d+) of its \d+ edges, those of (\d+) of/);
const faults = titles.filter((title) =>
  /^(a fault in a chart is noticed|an effect that is left out shows)/.test(title),
);
console.log(
  `models: ${paths} paths with ${edges} edges through the world; ${taken} edges of ${states} states of charts; ${faults.length} faults noticed`,
);
