// The HTTP server of the benchmarks, in its own process. All clients share it, and one client at a time is measured. It has no sessions.
// Requests to /json get a JSON response, requests to /stream an event stream. It parses only the HTTP that these clients send, because its
// time is part of every measurement: `node:http` would take as long as the faster clients.
import { createServer } from 'node:net';
import { answerTextTo } from './echo.mjs';

const NOTHING = '\r\ncontent-length: 0\r\n\r\n';

const ANSWERS = {
  '/json': (answer) =>
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
  '/stream': (answer) => {
    const event = `event: message\ndata: ${answer}\n\n`;
    const head =
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked';
    return `${head}\r\n\r\n${event.length.toString(16)}\r\n${event}\r\n0\r\n\r\n`;
  },
};

ANSWERS['/signed-in'] = ANSWERS['/json'];

function responseTo(method, path, body, head) {
  if (path === '/signed-in' && !/\r\nauthorization: Bearer /i.test(head))
    return `HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer${NOTHING}`;
  const answerWith = ANSWERS[path];
  if (answerWith === undefined) return `HTTP/1.1 404 Not Found${NOTHING}`;
  // No server stream and no session.
  if (method !== 'POST') return `HTTP/1.1 405 Method Not Allowed${NOTHING}`;
  const answer = answerTextTo(body);
  return answer === undefined ? `HTTP/1.1 202 Accepted${NOTHING}` : answerWith(answer);
}

const END_OF_HEAD = '\r\n\r\n';

const server = createServer({ noDelay: true }, (socket) => {
  let unread = '';
  // In Latin-1 every character is a byte.
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    unread += chunk;
    let responses = '';
    for (let end = unread.indexOf(END_OF_HEAD); end !== -1; end = unread.indexOf(END_OF_HEAD)) {
      const head = unread.slice(0, end);
      const start = end + END_OF_HEAD.length;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (unread.length < start + length) break;
      const [method, path] = head.slice(0, head.indexOf('\r\n')).split(' ');
      responses += responseTo(method, path, unread.slice(start, start + length), head);
      unread = unread.slice(start + length);
    }
    if (responses !== '') socket.write(responses, 'latin1');
  });
  socket.on('error', () => undefined);
});

// 1,000 connections are opened at once.
server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 }, () => {
  process.send(`http://127.0.0.1:${server.address().port}`);
});
process.on('disconnect', () => process.exit());
