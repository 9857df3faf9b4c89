// A quiet time, a sudden rush, and quiet again: nothing is lost, and afterwards calls are as quick as before.
import { call, SHORT, submit, timed } from './coordinator.js';

export const options = {
  scenarios: {
    rush: {
      executor: 'ramping-arrival-rate',
      startRate: 2,
      timeUnit: '1s',
      preAllocatedVUs: SHORT ? 20 : 200,
      maxVUs: 500,
      stages: [
        { target: 2, duration: SHORT ? '2s' : '10s' },
        { target: SHORT ? 40 : 200, duration: '1s' },
        { target: SHORT ? 40 : 200, duration: SHORT ? '3s' : '20s' },
        { target: 2, duration: '1s' },
        { target: 2, duration: SHORT ? '2s' : '20s' },
      ],
    },
  },
  thresholds: { failed: ['rate==0'], ...timed({ submit_ms: ['p(95)<5000'] }) },
};

export default function () {
  const id = submit();
  if (id !== undefined) call('Jobs/GetJob', { id });
}
