import { httpStage } from './world/http-stage.js';
import { testTravels } from './world/travels.js';

describe('over Streamable HTTP', () => {
  testTravels('per-request', httpStage, { most: 8 });
});
