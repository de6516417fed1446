import { authorizationChart } from './authorization.js';
import { connectionChart } from './connection.js';
import type { ChartModel } from './chart-model.js';
import { healthChart } from './health.js';
import { httpCallChart } from './http-call.js';
import { httpExchangeChart } from './http-exchange.js';
import { memberChart } from './member.js';
import { requestChart } from './request.js';
import { serverRequestChart } from './server-request.js';
import { serverStreamChart } from './server-stream.js';
import { subscriptionChart } from './subscription.js';

/** Every chart that is at work in the library, each with facts of its own kind. */
export const CHARTS = [
  connectionChart,
  requestChart,
  healthChart,
  subscriptionChart,
  serverStreamChart,
  serverRequestChart,
  authorizationChart,
  httpExchangeChart,
  httpCallChart,
  memberChart,
] as readonly unknown[] as readonly ChartModel<unknown>[];
