// More and more submissions a second until one in twenty takes longer than a second, or fails; the run ends there, and the
// table says at which rate. A threshold that is crossed is this scenario's result and not its failure.
import { SHORT, submit } from './coordinator.js';

export const options = {
  scenarios: {
    climb: {
      executor: 'ramping-arrival-rate',
      startRate: 10,
      timeUnit: '1s',
      preAllocatedVUs: SHORT ? 50 : 200,
      maxVUs: 1000,
      stages: [{ target: SHORT ? 200 : 3000, duration: SHORT ? '10s' : '2m' }],
    },
  },
  thresholds: {
    submit_ms: [{ threshold: 'p(95)<1000', abortOnFail: true, delayAbortEval: '5s' }],
    failed: [{ threshold: 'rate<0.05', abortOnFail: true, delayAbortEval: '5s' }],
  },
};

export default submit;
