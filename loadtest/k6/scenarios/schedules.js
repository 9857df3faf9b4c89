// Schedules that all fire at the next full minute: each starts its job once. Where the coordinator's queue keeps no
// schedules (status UNIMPLEMENTED, 12), the runner says so and leaves the scenario out.
import { sleep } from 'k6';
import exec from 'k6/execution';
import { Trend } from 'k6/metrics';
import grpc from 'k6/net/grpc';
import { call, connection, failed, SHORT, timed } from './coordinator.js';

const COUNT = SHORT ? 50 : 1000;
/** From the minute at which they fire to the time at which all of their jobs are in the queue. */
const firedMs = new Trend('fired_ms', true);

export const options = {
  scenarios: { minute: { executor: 'shared-iterations', vus: 1, iterations: 1, maxDuration: '4m' } },
  thresholds: { failed: ['rate==0'], ...timed({ fired_ms: ['max<30000'] }) },
};

function outputsOf(prefix) {
  const names = new Set();
  let pageToken = '';
  do {
    const page = call('Jobs/ListJobs', { pageSize: 1000, pageToken });
    for (const { spec } of page?.jobs || []) if (spec?.output.startsWith(prefix)) names.add(spec.output);
    pageToken = page?.nextPageToken || '';
  } while (pageToken !== '' && names.size < COUNT);
  return names;
}

export default function () {
  const prefix = `root:data/out/scheduled-${Date.now()}-`;
  const operations = [{ name: 'box', params: { radius: 1 } }];
  // Not so late in a minute that the first fire before the last are made.
  while (Date.now() % 60_000 > 20_000) sleep(1);
  const ids = [];
  for (let i = 0; i < COUNT; i++) {
    const id = `load-${__VU}-${i}`;
    const spec = { image: 'root:data/tiny.tif', output: `${prefix}${i}.tif`, operations, overviews: false };
    const request = { schedule: { id, cron: '* * * * *', spec } };
    const { status } = connection().invoke('halotile.v1.Schedules/CreateSchedule', request);
    if (status === grpc.StatusUnimplemented) exec.test.abort('UNIMPLEMENTED: this queue keeps no schedules');
    failed.add(status !== grpc.StatusOK);
    ids.push(id);
  }
  const minuteMs = Math.ceil(Date.now() / 60_000) * 60_000;
  while (Date.now() < minuteMs) sleep(0.2);
  let fired = 0;
  while (fired < COUNT && Date.now() < minuteMs + 50_000) {
    fired = outputsOf(prefix).size;
    if (fired < COUNT) sleep(0.5);
  }
  firedMs.add(Date.now() - minuteMs);
  failed.add(fired !== COUNT);
  for (const id of ids) connection().invoke('halotile.v1.Schedules/DeleteSchedule', { id });
}
