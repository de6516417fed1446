import type { RequestRegistry } from '../request/request-registry.js';
import type { Connection } from './connection.js';

/**
 * What users of a connection may call and read: every public member of {@link Connection}, but of its requests only the figures. A recorded
 * connection implements it, so that no call can go past the recording.
 */
export type ConnectionInterface = Omit<Connection, 'requests' | 'transport'> & {
  readonly requests: Pick<RequestRegistry, 'counts' | 'frames' | 'inFlight'>;
};
