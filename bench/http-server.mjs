// The HTTP server of the benchmarks, in a process of its own that all clients share: one at a time is measured. It keeps no sessions. What
// is asked at /json is answered as JSON, what is asked at /stream on a stream of events.
import { createServer } from 'node:http';
import { answerTextTo } from './echo.mjs';

const ANSWERS = {
  '/json': (response, answer) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer, 'latin1');
  },
  '/stream': (response, answer) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write(`event: message\ndata: ${answer}\n\n`, 'latin1');
    response.end();
  },
};

function refuse(response, status) {
  response.writeHead(status, { 'content-length': 0 });
  response.end();
}

const server = createServer((request, response) => {
  const answerWith = ANSWERS[request.url];
  if (answerWith === undefined) {
    refuse(response, 404);
    return;
  }
  // No stream to speak unasked on, and no session that could be ended.
  if (request.method !== 'POST') {
    refuse(response, 405);
    return;
  }
  let body = '';
  request.setEncoding('latin1');
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const answer = answerTextTo(body);
    if (answer === undefined) refuse(response, 202);
    else answerWith(response, answer);
  });
});

// The clients take turns: the connections of one are to outlast the turns of the others.
server.keepAliveTimeout = 600_000;
// 1,000 connections are made at once.
server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 }, () => {
  process.send(`http://127.0.0.1:${server.address().port}`);
});
process.on('disconnect', () => process.exit());
