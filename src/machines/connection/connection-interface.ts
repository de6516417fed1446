import type { RequestRegistry } from '../request/request-registry.js';
import type { Connection } from './connection.js';

/**
 * The part of a connection that facades use: every public member of {@link Connection}, but of its requests only the figures. A recorded
 * connection implements it, so that every call is recorded.
 */
export type ConnectionInterface = Omit<Connection, 'requests' | 'transport'> & {
  readonly requests: Pick<RequestRegistry, 'counts' | 'frames' | 'inFlight'>;
};
