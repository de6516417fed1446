import { memoryStage } from './world/memory-stage.js';
import { testTravels } from './world/travels.js';

describe('over memory', () => {
  testTravels('shared', memoryStage, { most: 10 });
});
