// Many users at once, each of whom submits jobs and watches each of them to its end.
import { SHORT, submitAndWatch, timed } from './coordinator.js';

export const options = {
  scenarios: {
    users: {
      executor: 'per-vu-iterations',
      vus: SHORT ? 20 : 500,
      iterations: SHORT ? 2 : 4,
      maxDuration: SHORT ? '1m' : '5m',
    },
  },
  thresholds: { failed: ['rate==0'], ...timed({ submit_ms: ['p(95)<5000'] }) },
};

export default submitAndWatch;
