import { PATIENCE, PostLane } from '../../../src/transports/http/post-lane.js';
import type { LanePost } from '../../../src/transports/http/post-lane.js';
import { httpScene } from '../../support/http-scene.js';
import { legacyServer } from '../../support/servers/http-server.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

class Post implements LanePost {
  constructor(
    readonly name: string,
    readonly isReply = false,
    readonly patient = false,
  ) {}

  lane: PostLane<Post> | undefined;

  giveUp(): boolean {
    if (!this.patient) this.lane?.ended(this);
    return !this.patient;
  }
}

/** A lane, and the names of the posts that went out, in order. */
function begin(most: number, widest?: number) {
  const environment = new SimulatedEnvironment();
  const started: string[] = [];
  const lane = new PostLane<Post>(environment, ({ name }) => started.push(name), most, widest);
  const add = (name: string, isReply = false, patient = false): Post => {
    const post = new Post(name, isReply, patient);
    post.lane = lane;
    lane.add(post);
    return post;
  };
  return { environment, started, lane, add };
}

describe('PostLane', () => {
  test('sends so many at once, and the next when one has ended', () => {
    const { started, lane, add } = begin(1);
    const a = add('a');
    add('b');
    expect(started).toEqual(['a']);
    lane.ended(a);
    expect(started).toEqual(['a', 'b']);
    expect(lane.waiting).toBe(0);
  });

  test('sends replies, which the server waits for, ahead of notifications', () => {
    const { started, lane, add } = begin(1);
    const a = add('a');
    add('notification');
    add('reply 1', true);
    add('reply 2', true);
    lane.ended(a);
    expect(started).toEqual(['a', 'reply 1']);
    expect(lane.all.map(({ name }) => name)).toEqual(['reply 2', 'notification', 'reply 1']);
  });

  test('gives up those that the server leaves without an answer, and only as many as others wait', async () => {
    const { environment, started, lane, add } = begin(3);
    for (const name of ['a', 'b', 'c', 'd', 'e']) add(name);
    await environment.advance(PATIENCE - 500);
    expect(started).toEqual(['a', 'b', 'c']);
    await environment.advance(1_000);
    expect(started).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(lane.all.map(({ name }) => name)).toEqual(['c', 'd', 'e']);
    await environment.advance(10 * PATIENCE);
    expect(lane.all).toHaveLength(3);
    expect(environment.pending).toEqual([]);
  });

  test('sends more at once, up to a bound, where none of them ends', async () => {
    const { environment, started, add } = begin(2, 5);
    for (let count = 0; count < 9; count += 1) add(`${count}`, false, true);
    await environment.advance(10 * PATIENCE);
    expect(started).toHaveLength(5);
  });

  test('sends nothing while it is held', async () => {
    const { environment, started, lane, add } = begin(2);
    lane.hold();
    add('a');
    await environment.advance(10 * PATIENCE);
    expect(started).toEqual([]);
    lane.release();
    expect(started).toEqual(['a']);
  });

  test('leaves no timer when it is cleared', () => {
    const { environment, lane, add } = begin(1);
    add('a');
    add('b');
    expect(lane.clear().map(({ name }) => name)).toEqual(['b', 'a']);
    expect(environment.pending).toEqual([]);
    expect(lane.all).toEqual([]);
  });
});

const { open, serve } = httpScene();

test('a reply gets through although the server answers no POST of a notification', async () => {
  const isNotification = ({ message }: { message: { id?: unknown; method?: string } }): boolean =>
    message.method === 'notifications/cancelled';
  const server = await serve(legacyServer(isNotification, { sessionId: 's-1' }));
  const environment = new SimulatedEnvironment();
  const opened = await open(server.url, {}, environment);
  await opened.shakeHands();
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } } as const;
  const sends = Array.from({ length: 100 }, async () => opened.link.send(cancelled));
  const settled = Promise.allSettled(sends);
  await server.until(() => server.asked('notifications/cancelled').length === 25);
  const reply = Promise.resolve(opened.link.send({ jsonrpc: '2.0', id: 'q', result: {} }));
  await environment.advance(PATIENCE + 500);
  await reply;
  const closed = opened.link.close();
  // Nobody waits any longer for posts that are not answered.
  await environment.advance(PATIENCE);
  await closed;
  const [first] = await settled;
  const message: unknown = expect.stringContaining('did not answer the POST of a message');
  expect(first).toMatchObject({ reason: { code: 'MCP_TRANSPORT_FAILED', delivery: 'unknown', message } });
});
