import type {
  AuthorizationEvent,
  AuthorizationFacts,
  GrantFacts,
} from '../../../src/machines/authorization/authorization-facts.js';
import { authorizationMachine } from '../../../src/machines/authorization/authorization-machine.js';
import { authorizationPorts, MOST_PROMPTS } from '../../../src/machines/authorization/authorization-setup.js';
import { failure } from '../../../src/util/failure.js';
import type { Seen, Vertex } from '../../support/charts/explorer.js';
import { idlePorts } from '../../support/charts/idle-ports.js';
import type { ChartModel } from './chart-model.js';

const OUTAGE = failure('transport', 'MCP_AUTH_UNREACHABLE', 'out of reach');
const REFUSAL = failure('authentication', 'MCP_TOKEN_REQUEST_REFUSED', 'refused');

const BUSY = failure('connection', 'MCP_AUTH_BUSY', 'busy');

const GRANT: GrantFacts = { issuer: 'https://as.example', requested: ['a'], granted: [] };

/** The events of each step. */
const OUTCOMES: Readonly<Record<string, readonly AuthorizationEvent[]>> = {
  loading: [
    { type: 'loaded', grant: undefined },
    { type: 'loaded', grant: GRANT },
  ],
  discovering: [
    { type: 'discovered', refreshable: true },
    { type: 'discovered', refreshable: false },
  ],
  'refreshing.waiting': [{ type: 'locked' }, { type: 'adopted', grant: GRANT }, { type: 'dropped' }],
  'refreshing.asking': [
    { type: 'refreshed', grant: GRANT },
    { type: 'adopted', grant: GRANT },
    { type: 'overtaken', failure: BUSY },
    { type: 'refresh.dead', failure: REFUSAL },
  ],
  'signingIn.waiting': [{ type: 'locked' }, { type: 'adopted', grant: GRANT }, { type: 'refreshable' }],
  'signingIn.registering': [{ type: 'registered' }],
  'signingIn.awaitingUser': [{ type: 'answered' }, { type: 'client.dead', failure: REFUSAL }],
  'signingIn.exchanging': [
    { type: 'exchanged', grant: GRANT },
    { type: 'client.dead', failure: REFUSAL },
  ],
  'signingIn.awaitingDevice.requesting': [
    { type: 'coded', interval: 1, lifetime: 1 },
    { type: 'client.dead', failure: REFUSAL },
  ],
  'signingIn.awaitingDevice.showing.pausing': [{ type: 'failed', failure: REFUSAL }],
  'signingIn.awaitingDevice.showing.polling': [
    { type: 'pending' },
    { type: 'delayed', failure: OUTAGE },
    { type: 'exchanged', grant: GRANT },
    { type: 'client.dead', failure: REFUSAL },
  ],
  'obtaining.waiting': [{ type: 'locked' }, { type: 'adopted', grant: GRANT }],
  'obtaining.asking': [{ type: 'obtained', grant: GRANT }],
  'signingOut.dropping': [{ type: 'dropped' }],
  'signingOut.revoking': [{ type: 'revoked' }],
};

/** The events of the step that only looks at the store, which never fails. */
const LOOKS: Readonly<Record<string, readonly AuthorizationEvent[]>> = {
  failed: [{ type: 'adopted', grant: GRANT }, { type: 'refreshable' }],
};

/** What the program wants. */
const WISHES: readonly AuthorizationEvent[] = [
  { type: 'signIn', challenged: undefined, maySignIn: true },
  { type: 'signIn', challenged: ['a'], maySignIn: true },
  { type: 'signOut' },
  { type: 'unwanted' },
  { type: 'connect' },
];

/** What the requests of the connection report. */
const DEMANDS: readonly AuthorizationEvent[] = [
  { type: 'needed', maySignIn: true },
  { type: 'needed', maySignIn: false },
  { type: 'refused', challenged: undefined, maySignIn: true },
  { type: 'refused', challenged: undefined, maySignIn: false },
  { type: 'expired', maySignIn: true },
  { type: 'age' },
  { type: 'lacking', challenged: ['a'], maySignIn: true },
  { type: 'accepted' },
];

const workOf = (path: string): string => path.split(' & ')[1]?.replace('work.', '') ?? '';
const tokenOf = (path: string): string => path.split(' & ')[0] ?? '';

/** Everything but some kinds of events, so that a scene is small enough. */
function eventsWithout(...left: readonly AuthorizationEvent['type'][]) {
  return (_seen: Seen<AuthorizationFacts>, path: string): readonly AuthorizationEvent[] => {
    const outcomes = OUTCOMES[workOf(path)] ?? [];
    const failures: AuthorizationEvent[] = [
      { type: 'failed', failure: OUTAGE },
      { type: 'failed', failure: REFUSAL },
    ];
    const looks = LOOKS[workOf(path)] ?? [];
    const all = [...DEMANDS, ...WISHES, ...looks, ...outcomes, ...(outcomes.length === 0 ? [] : failures)];
    return all.filter(({ type }) => !left.includes(type));
  };
}

/** The facts that guards read. */
function deciding(facts: AuthorizationFacts): unknown {
  const { cause, maySignIn, origin, accepted, prompts, renewed, refreshUseless, signedOut, overtaken } = facts;
  const scopes = cause === 'lacking' || cause === 'age' ? cause : 'other';
  const proven = accepted || origin === 'store' ? 'accepted' : origin;
  return [scopes, maySignIn, proven, prompts, renewed, refreshUseless, signedOut, overtaken, facts.grant !== undefined];
}

const holds = (vertex: Vertex<AuthorizationFacts>, lock: string): boolean => lock in vertex.snapshot.children;

/** The chart of the authorization of a connection. */
export const authorizationChart: ChartModel<AuthorizationFacts> = {
  name: 'authorization',
  machine: authorizationMachine,
  ports: { of: authorizationPorts, idle: idlePorts.authorization },
  scenes: [
    {
      name: 'a client that the server forgets',
      input: undefined,
      events: eventsWithout('accepted', 'age', 'expired', 'lacking', 'signIn', 'signOut', 'connect', 'unwanted'),
      deciding,
    },
    {
      name: 'a token that serves, ages and lacks scopes',
      input: undefined,
      events: eventsWithout('client.dead', 'needed', 'signIn', 'signOut', 'connect', 'unwanted'),
      deciding,
    },
    {
      name: 'a client that is forgotten at a step-up',
      input: undefined,
      events: eventsWithout('refused', 'age', 'accepted', 'signIn', 'signOut', 'connect', 'unwanted'),
      deciding,
    },
    {
      name: 'a program that signs in and out',
      input: undefined,
      events: eventsWithout('client.dead', 'age', 'expired', 'accepted', 'lacking'),
      deciding,
    },
    {
      name: 'a grant without a person',
      input: { generation: 0, authTimeout: 1, kind: 'unattended' },
      events: eventsWithout('client.dead', 'expired', 'unwanted'),
      deciding,
    },
    {
      name: 'a person with another device',
      input: { generation: 0, authTimeout: 1, kind: 'device' },
      events: eventsWithout('age', 'accepted', 'lacking', 'signIn', 'signOut', 'connect'),
      deciding,
    },
  ],
  passing: [],
  laws: {
    'asks no person when the grant needs none, and uses such a grant only then and not after a sign-out': ({
      found,
      none,
    }) => {
      none(
        found.violations(({ path, snapshot }) => snapshot.context.kind !== 'unattended' || !path.includes('signingIn')),
      );
      none(
        found.violations(({ path, snapshot }) => {
          const { kind, signedOut } = snapshot.context;
          return !path.includes('obtaining') || (kind === 'unattended' && !signedOut);
        }),
      );
    },

    'asks a person only for a request that allows it, and at most twice until a token was accepted': ({
      found,
      none,
    }) => {
      const asks = ({ path }: Vertex<AuthorizationFacts>): boolean => /awaitingUser|awaitingDevice/.test(path);
      none(found.violations(({ snapshot }) => snapshot.context.prompts <= MOST_PROMPTS));
      none(
        found.violations(({ path, snapshot, next }) =>
          next.every(
            ({ to }) => path.includes('signingIn') || !to.path.includes('signingIn') || snapshot.context.maySignIn,
          ),
        ),
      );
      none(
        found.violations((vertex) =>
          vertex.next.every(
            ({ to }) =>
              asks(vertex) || !asks(to) || to.snapshot.context.prompts === vertex.snapshot.context.prompts + 1,
          ),
        ),
      );
    },

    'holds the lock of a refresh or of a sign-in exactly while it lasts': ({ found, none }) => {
      none(found.violations((vertex) => holds(vertex, 'lockRefresh') === vertex.path.includes('refreshing')));
      none(
        found.violations((vertex) => holds(vertex, 'lockSignIn') === /work\.(?:signingIn|obtaining)/.test(vertex.path)),
      );
    },

    'does not take an outage for a refusal: the token stays what it was, and the work is tried again': ({
      found,
      none,
    }) => {
      none(
        found.violations(({ path, next }) =>
          next.every(({ event, to }) => {
            if (event.type !== 'failed' || event.failure !== OUTAGE || /loading|signingOut/.test(path)) return true;
            return tokenOf(to.path) === tokenOf(path) && workOf(to.path) === 'backingOff';
          }),
        ),
      );
      none(
        found.violations(
          ({ path, next }) =>
            workOf(path) !== 'backingOff' ||
            next.some(({ event, to }) => event.type.startsWith('xstate.after') && workOf(to.path) === 'resting'),
        ),
      );
    },

    'begins a refresh again only once when another process had its lock, and sends nothing while it waits for it': ({
      found,
      none,
    }) => {
      none(
        found.violations(({ path, snapshot, next }) =>
          next.every(
            ({ event, to }) =>
              event.type !== 'overtaken' ||
              workOf(path) !== 'refreshing.asking' ||
              workOf(to.path) === (snapshot.context.overtaken ? 'backingOff' : 'refreshing.waiting'),
          ),
        ),
      );
      none(
        found.violations(({ path, next }) =>
          next.every(
            ({ event, to }) =>
              workOf(to.path) !== 'refreshing.asking' ||
              workOf(path) === 'refreshing.asking' ||
              event.type === 'locked',
          ),
        ),
      );
      none(
        found.violations(
          ({ path, next }) =>
            !/(?:refreshing|signingIn)\.waiting/.test(path) ||
            next.some(({ event, to }) => event.type.startsWith('xstate.after') && workOf(to.path) === 'backingOff'),
        ),
      );
    },

    'waits for the lock of a grant without a person, and for the grant, only for some time': ({ found, none }) => {
      none(
        found.violations(({ path, next }) => {
          const after = { 'obtaining.waiting': 'obtaining.asking', 'obtaining.asking': 'backingOff' }[workOf(path)];
          return (
            after === undefined ||
            next.some(({ event, to }) => event.type.startsWith('xstate.after') && workOf(to.path) === after)
          );
        }),
      );
    },

    'keeps a token that lacks scopes for other requests': ({ found, none }) => {
      none(
        found.violations(({ path, next }) =>
          next.every(({ event, to }) => event.type !== 'lacking' || tokenOf(to.path) === tokenOf(path)),
        ),
      );
    },

    'uses a token only once it is saved, and gives each one a number of its own': ({ found, none }) => {
      const isSaved = new Set(['refreshed', 'exchanged', 'obtained', 'adopted', 'loaded']);
      none(
        found.violations(({ snapshot, next }) =>
          next.every(
            ({ event, to }) =>
              to.snapshot.context.grant === snapshot.context.grant ||
              (event.type === 'dropped') === (to.snapshot.context.grant === undefined) ||
              isSaved.has(event.type),
          ),
        ),
      );
    },

    'asks no person after a sign-out, until the program wants it': ({ found, none }) => {
      none(
        found.violations(
          ({ path, snapshot }) => !snapshot.context.signedOut || !/awaitingUser|awaitingDevice/.test(path),
        ),
      );
      none(
        found.violations(({ snapshot, next }) =>
          next.every(
            ({ event, to }) =>
              !snapshot.context.signedOut ||
              to.snapshot.context.signedOut ||
              event.type === 'signIn' ||
              event.type === 'connect',
          ),
        ),
      );
    },

    'has no token after a sign-out, whatever was done at that time': ({ found, none }) => {
      none(
        found.violations(({ path, next }) =>
          next.every(
            ({ event, to }) =>
              event.type !== 'signOut' ||
              workOf(to.path) === (path.includes('signingOut') ? workOf(path) : 'signingOut.dropping'),
          ),
        ),
      );
      none(
        found.violations(({ next }) =>
          next.every(({ event, to }) => event.type !== 'dropped' || tokenOf(to.path) === 'token.absent'),
        ),
      );
    },

    'polls for tokens only while the person is shown a code, and shows a code only of a device': ({ found, none }) => {
      none(
        found.violations(({ path, snapshot: { children, context } }) => {
          const isShown = path.includes('awaitingDevice.showing');
          if ('showCode' in children !== isShown || ('poll' in children && !isShown)) return false;
          return path.includes('awaitingDevice') ? context.kind === 'device' : true;
        }),
      );
    },

    'comes to rest from every state, and rests for good only after a final refusal': ({ found, none }) => {
      const resting = found.reaching(({ path }) => workOf(path) === 'resting');
      none(found.violations((vertex) => resting.has(vertex) || workOf(vertex.path) === 'failed'));
    },
  },
};
