// The kit that users get is the one that these tests use.
export { SimulatedEnvironment } from '../../src/testing/simulated-environment.js';
export type { PendingTimer, SimulationOptions } from '../../src/testing/simulated-environment.js';
