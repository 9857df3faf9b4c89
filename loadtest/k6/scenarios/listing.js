// Pages of a queue that keeps very many jobs, as dashboards ask for them: the newest, later ones, and those of one state.
import { call, SHORT, timed } from './coordinator.js';

export const options = {
  scenarios: {
    pages: {
      executor: 'constant-vus',
      vus: SHORT ? 2 : 20,
      duration: SHORT ? '5s' : '1m',
    },
  },
  thresholds: { failed: ['rate==0'], ...timed({ call_ms: ['p(95)<1000'] }) },
};

export default function () {
  let pageToken = '';
  for (let page = 0; page < 5; page++) {
    const answer = call('Jobs/ListJobs', { pageSize: 100, pageToken });
    if (answer === undefined || !answer.nextPageToken) break;
    pageToken = answer.nextPageToken;
  }
  call('Jobs/ListJobs', { pageSize: 10, states: ['JOB_STATE_RUNNING'] });
}
