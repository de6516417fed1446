import type { Failure } from '../../util/failure.js';
import { callUserFunction } from '../../util/user-function.js';
import type { Link, ServerStreamEvents } from '../../transports/link.js';
import type { ServerStreamPorts } from './server-stream-machine.js';

/** What the stream needs from its connection. */
export interface StreamSurroundings extends Pick<ServerStreamPorts, 'random' | 'suspectChanges'> {
  /** The link that is open now. */
  readonly link: () => Link | undefined;
  readonly report: (problem: Failure) => void;
}

/** Opens the stream over the link of the connection. A link of the user may throw. */
export function streamOver({ link, report, ...others }: StreamSurroundings): ServerStreamPorts {
  return {
    ...others,
    open: (tell) => {
      const current = link();
      const open = current?.serverStream?.bind(current);
      if (open === undefined) {
        tell({ type: 'unsupported' });
        return undefined;
      }
      const events: ServerStreamEvents = {
        opened: (resumed = false) => {
          tell({ type: 'opened', resumed });
        },
        unsupported: () => {
          tell({ type: 'unsupported' });
        },
        ended: (retry, failure) => {
          tell({ type: 'ended', retry, failure });
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
