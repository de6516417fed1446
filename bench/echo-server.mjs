// The stdio server of the benchmarks. It takes tool calls apart as text, without JSON, so that as much as possible of what is measured
// is the client. Only clients that write what `JSON.stringify` writes can talk to it: all three do.
import { answerTo, VERSION_KEY } from './echo.mjs';

const NUMBER = /"id":(\d+)/;
const MESSAGE = '"message":"';

function answerToLine(line) {
  if (!line.includes('"tools/call"')) {
    const answer = answerTo(JSON.parse(line));
    return answer === undefined ? '' : `${JSON.stringify(answer)}\n`;
  }
  const [, id] = NUMBER.exec(line);
  const start = line.indexOf(MESSAGE) + MESSAGE.length;
  const text = line.slice(start, line.indexOf('"', start));
  const type = line.includes(VERSION_KEY) ? '"resultType":"complete",' : '';
  return `{"jsonrpc":"2.0","id":${id},"result":{${type}"content":[{"type":"text","text":"${text}"}]}}\n`;
}

let unfinished = '';
process.stdin.setEncoding('latin1');
process.stdin.on('data', (chunk) => {
  const lines = (unfinished + chunk).split('\n');
  unfinished = lines.pop();
  let answers = '';
  for (const line of lines) answers += answerToLine(line);
  if (answers !== '') process.stdout.write(answers, 'latin1');
});
