// Half an hour of jobs at an even rate; the runner reads descriptors and memory of the coordinator before and after.
import { SHORT, submitAndWatch, timed } from './coordinator.js';

export const options = {
  scenarios: {
    jobs: {
      executor: 'constant-arrival-rate',
      rate: SHORT ? 4 : 10,
      timeUnit: '1s',
      duration: __ENV.DURATION || (SHORT ? '10s' : '30m'),
      // All of them from the start: what k6 has to make first it counts as dropped.
      preAllocatedVUs: SHORT ? 20 : 200,
      maxVUs: 200,
    },
  },
  thresholds: { failed: ['rate==0'], ...timed({ job_ms: ['p(95)<10000'], dropped_iterations: ['count==0'] }) },
};

export default submitAndWatch;
