import { webSocketStage } from './world/websocket-stage.js';
import { testTravels } from './world/travels.js';

describe('over WebSocket', () => {
  testTravels('shared', webSocketStage, { most: 6 });
});
