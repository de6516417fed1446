import { stdioStage } from './world/stdio-stage.js';
import { testTravels } from './world/travels.js';

describe('over stdio', () => {
  testTravels('shared', stdioStage, { atOnce: 4, most: 4 });
});
