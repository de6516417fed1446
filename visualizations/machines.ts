import type { AnyStateMachine } from 'xstate';

import { authorizationMachine } from '../src/machines/authorization/authorization-machine.js';
import { connectionMachine } from '../src/machines/connection/connection-machine.js';
import { healthMachine } from '../src/machines/health/health-machine.js';
import { memberMachine } from '../src/machines/member/member-machine.js';
import { requestMachine } from '../src/machines/request/request-machine.js';
import { serverRequestMachine } from '../src/machines/server-requests/server-request-machine.js';
import { serverStreamMachine } from '../src/machines/server-stream/server-stream-machine.js';
import { subscriptionMachine } from '../src/machines/subscription/subscription-machine.js';
import { callMachine } from '../src/transports/http/http-call-machine.js';
import { exchangeMachine } from '../src/transports/http/http-exchange-machine.js';
import { processMachine } from '../src/transports/stdio/process-machine.js';

/** A machine whose diagrams are kept beside this file. */
export interface DrawnMachine {
  /** The name of its diagram files and of its block in the documents. */
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** A line about the machine, which the picture shows. */
  readonly title: string;
  /** Whether its actors belong to a connection, so that the page of the inspector shows them. Default true. */
  readonly inspected?: boolean;
}

/** Every machine of the library. */
export const machines: readonly DrawnMachine[] = [
  {
    name: 'connection',
    machine: connectionMachine,
    title: 'Keeps a link to the server alive. Its tags are the public states.',
  },
  { name: 'request', machine: requestMachine, title: 'One request to the server, its attempts, and its one outcome.' },
  {
    name: 'health',
    machine: healthMachine,
    title: 'Checks an established connection once per interval, and judges the answers.',
  },
  {
    name: 'subscription',
    machine: subscriptionMachine,
    title: 'Keeps one stream of change notifications open in a session of the modern era.',
  },
  {
    name: 'server-stream',
    title: 'The stream on which a legacy HTTP server speaks unasked',
    machine: serverStreamMachine,
  },
  {
    name: 'server-request',
    title: 'A request of a legacy server while a handler answers it',
    machine: serverRequestMachine,
  },
  {
    name: 'http-exchange',
    title: 'A request over HTTP and its response, which may be a stream that is resumed',
    machine: exchangeMachine,
    inspected: false,
  },
  {
    name: 'http-call',
    title: 'One HTTP request: its token, its redirects and its response',
    machine: callMachine,
    inspected: false,
  },
  {
    name: 'authorization',
    title: 'How the tokens of one connection are obtained, renewed and replaced',
    machine: authorizationMachine,
    inspected: false,
  },
  {
    name: 'process',
    title: 'A server process over stdio, and how it is ended',
    machine: processMachine,
    inspected: false,
  },
  {
    name: 'member',
    title: 'One server of a group: started when it is needed, asleep when it is not',
    machine: memberMachine,
  },
];
