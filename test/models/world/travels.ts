import { LONG, sample } from '../../support/long-form.js';
import type { StageBuilder } from './stage.js';
import { Traveller } from './traveller.js';
import { commonPaths, coveringPaths, WorldMap } from './paths.js';
import type { View } from './model.js';

/** Milliseconds for all paths of one view: a bound for what hangs, not a measure. */
const PATIENCE = 600_000;

interface TravelOptions {
  /** How many paths are taken at the same time: that saves time where processes are waited for. Default 1. */
  readonly atOnce?: number;
  /** How many paths of each view are taken in the short form. Default all. */
  readonly most?: number;
}

/** Tests that a client of each era and policy behaves over a transport as the model of the world says, on paths that cover the model. */
export function testTravels(
  framing: View['framing'],
  build: StageBuilder,
  { atOnce = 1, most = Infinity }: TravelOptions = {},
): void {
  const seen = new Set<string>();

  describe.each(['modern', 'legacy'] as const)('with a %s server', (era) => {
    for (const autoReconnect of [true, false]) {
      const view: View = { framing, era, autoReconnect };
      const map = new WorldMap(view);
      const common = commonPaths(autoReconnect);
      // Where each request has an exchange of its own more can happen.
      const covering = framing === 'shared' ? common : [...common, ...coveringPaths([map])];
      const paths = sample(covering, most);
      const whole = LONG || most === Infinity;
      const kind = autoReconnect ? 'that reconnects' : 'that does not reconnect';
      const size = `${paths.length} paths, ${map.edgesTaken(paths)} of ${map.edgeCount} edges`;

      it(
        `a client ${kind} fares as the model says (${size})`,
        async () => {
          expect(map.edgesTaken(covering)).toBe(map.edgeCount);
          expect(paths.length).toBe(whole ? covering.length : most);
          const complaints: string[] = [];
          const left = paths.values();
          const travel = async (): Promise<void> => {
            for (const path of left) {
              complaints.push(...(await Traveller.go(view, path, build, { seen })));
              if (complaints.length > 0) return;
            }
          };
          await Promise.all(Array.from({ length: atOnce }, travel));
          expect(complaints).toEqual([]);
        },
        PATIENCE,
      );
    }
  });

  it('and has been in all seven public states', () => {
    expect([...seen].sort()).toEqual(
      ['idle', 'connecting', 'initializing', 'ready', 'degraded', 'reconnecting', 'closed'].sort(),
    );
  });
}
