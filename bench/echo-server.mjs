// The stdio server of the benchmarks.
import { answerTextTo } from './echo.mjs';

let unfinished = '';
process.stdin.setEncoding('latin1');
process.stdin.on('data', (chunk) => {
  const lines = (unfinished + chunk).split('\n');
  unfinished = lines.pop();
  let answers = '';
  for (const line of lines) {
    const answer = answerTextTo(line);
    if (answer !== undefined) answers += `${answer}\n`;
  }
  if (answers !== '') process.stdout.write(answers, 'latin1');
});
