import type { Failure } from '../../util/failure.js';
import { callUserFunction } from '../../util/user-function.js';
import type { Link, ServerStreamEvents } from '../../transports/link.js';
import type { ServerStreamPorts } from './server-stream-machine.js';

/** What the server stream needs from its connection. */
export interface StreamSurroundings extends Pick<ServerStreamPorts, 'random' | 'missedChanges'> {
  /** The link that is open now. */
  readonly link: () => Link | undefined;
  readonly report: (problem: Failure) => void;
}

/** Opens the stream over the link of the connection. A custom link may throw. */
export function streamOver({ link, report, ...others }: StreamSurroundings): ServerStreamPorts {
  return {
    ...others,
    open: (send) => {
      const current = link();
      const open = current?.serverStream?.bind(current);
      if (open === undefined) {
        send({ type: 'unsupported' });
        return undefined;
      }
      const events: ServerStreamEvents = {
        opened: (resumed = false) => {
          send({ type: 'opened', resumed });
        },
        unsupported: () => {
          send({ type: 'unsupported' });
        },
        ended: (retry, failure) => {
          send({ type: 'ended', retry, failure });
        },
      };
      let close: (() => void) | undefined;
      callUserFunction(
        'serverStream',
        () => {
          close = open(events);
        },
        report,
      );
      return () => {
        callUserFunction('serverStream', () => close?.(), report);
      };
    },
  };
}
