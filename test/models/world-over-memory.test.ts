import { memoryStage } from './world/memory-stage.js';
import { testTravels } from './world/travels.js';

describe('over memory', () => {
  // For `npm run coverage:states` they take every path.
  testTravels('shared', memoryStage, { most: process.env['STATES_FILE'] === undefined ? 20 : Infinity });
});
