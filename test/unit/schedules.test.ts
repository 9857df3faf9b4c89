import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCron } from '../../coordinator/schedule/cron-times.js';
import { dueRuns } from '../../coordinator/schedule/due-runs.js';
import { fillPlaceholders } from '../../coordinator/schedule/placeholders.js';
import { NEW_STATE, type Schedule, type ScheduleState } from '../../coordinator/schedule/schedule.js';

const readCron = await loadCron();
const at = (text: string) => Date.parse(text);
const MINUTE_MS = 60_000;

function schedule(changes: Partial<Schedule> = {}): Schedule {
  return {
    ...{ id: 'nightly', principal: 'p', cron: '30 2 * * *', timeZone: 'Europe/Berlin', request: '' },
    ...{ overlap: 'skip', catchUp: 'latest', jitterSeconds: 0, paused: false, sinceMs: at('2026-03-01T00:00Z') },
    ...changes,
  };
}

/** The times that a schedule starts when a coordinator looks once a minute from one moment to another. */
function startsBetween(of: Schedule, from: string, to: string, everyMs = MINUTE_MS): string[] {
  const times = readCron(of.cron, of.timeZone);
  const starts: string[] = [];
  let state: ScheduleState = { ...NEW_STATE, handledMs: at(from) };
  for (let nowMs = at(from); nowMs <= at(to); nowMs += everyMs) {
    const due = dueRuns(of, state, { times, nowMs, isOpen: false });
    starts.push(...due.starts.map((ms) => new Date(ms).toISOString().slice(0, 16)));
    state = { ...state, handledMs: due.handledMs, waiting: [...due.waiting] };
  }
  return starts;
}

test('a nightly run is neither lost nor doubled when clocks change', () => {
  // 2:30 does not exist on 29 March: it is an hour later; on 25 October it exists twice.
  assert.deepEqual(startsBetween(schedule(), '2026-03-27T12:00Z', '2026-03-30T12:00Z'), [
    '2026-03-28T01:30',
    '2026-03-29T01:00',
    '2026-03-30T00:30',
  ]);
  assert.deepEqual(startsBetween(schedule(), '2026-10-23T12:00Z', '2026-10-26T12:00Z'), [
    '2026-10-24T00:30',
    '2026-10-25T00:30',
    '2026-10-26T01:30',
  ]);
});

test('an hourly run follows the hours that pass, whatever clocks show', () => {
  const hourly = schedule({ cron: '0 * * * *' });
  for (const day of ['2026-03-29', '2026-10-25']) {
    const starts = startsBetween(hourly, `${day}T00:00Z`, `${day}T06:00Z`);
    assert.deepEqual(
      starts,
      [1, 2, 3, 4, 5, 6].map((hour) => `${day}T0${hour}:00`),
    );
  }
  const seconds = schedule({ cron: '*/20 * * * * *', timeZone: 'UTC' });
  assert.equal(startsBetween(seconds, '2026-05-01T00:00Z', '2026-05-01T00:01Z', 1000).length, 3);
});

test('times at which nobody was there: none, the latest, or all of them', () => {
  const away = (catchUp: Schedule['catchUp']) => {
    const of = schedule({ catchUp, timeZone: 'UTC', overlap: 'queue' });
    const times = readCron(of.cron, of.timeZone);
    const state = { ...NEW_STATE, handledMs: at('2026-05-01T00:00Z') };
    const due = dueRuns(of, state, { times, nowMs: at('2026-05-04T12:00Z'), isOpen: false });
    return [due.starts, due.waiting, due.skips.map(({ dueMs }) => dueMs)].map((list) =>
      list.map((ms) => new Date(ms).getUTCDate()),
    );
  };
  assert.deepEqual(away('none'), [[], [], [1, 2, 3, 4]]);
  assert.deepEqual(away('latest'), [[4], [], [1, 2, 3]]);
  assert.deepEqual(away('all'), [[1], [2, 3, 4], []]);
  // Of far too many, the last is found without counting them all.
  const often = schedule({ cron: '* * * * * *', timeZone: 'UTC' });
  const times = readCron(often.cron, often.timeZone);
  const state = { ...NEW_STATE, handledMs: at('2026-01-01T00:00Z') };
  const { starts, handledMs } = dueRuns(often, state, { times, nowMs: at('2026-05-01T00:00:00Z'), isOpen: false });
  assert.deepEqual([starts, handledMs], [[at('2026-05-01T00:00:00Z')], at('2026-05-01T00:00:00Z')]);
});

test('a run while an earlier one is open is skipped, waits, or takes its place', () => {
  const nowMs = at('2026-05-01T02:30:10Z');
  const look = (overlap: Schedule['overlap'], isOpen: boolean, waiting: number[] = []) => {
    const of = schedule({ overlap, timeZone: 'UTC' });
    const state = { ...NEW_STATE, handledMs: at('2026-05-01T00:00Z'), waiting };
    const due = dueRuns(of, state, { times: readCron(of.cron, of.timeZone), nowMs, isOpen });
    return [due.starts.length, due.skips.length, due.waiting.length, due.replaces];
  };
  assert.deepEqual(look('skip', true), [0, 1, 0, false]);
  assert.deepEqual(look('skip', false), [1, 0, 0, false]);
  assert.deepEqual(look('queue', true), [0, 0, 1, false]);
  assert.deepEqual(look('queue', false, [1, 2]), [1, 0, 2, false]);
  assert.deepEqual(look('replace', true), [1, 0, 0, true]);
});

test('jitter spreads runs over its time, the same for everybody, and loses none', () => {
  const of = (id: string) => schedule({ id, timeZone: 'UTC', jitterSeconds: 600 });
  const minutes = Array.from({ length: 40 }, (_, index) => {
    const times = readCron('30 2 * * *', 'UTC');
    const state = { ...NEW_STATE, handledMs: at('2026-05-01T00:00Z') };
    const startsBy = (minute: number) =>
      dueRuns(of(`s${index}`), state, { times, nowMs: at('2026-05-01T02:30Z') + minute * MINUTE_MS, isOpen: false })
        .starts.length;
    return Array.from({ length: 11 }, (_each, minute) => startsBy(minute)).indexOf(1);
  });
  assert.ok(minutes.every((minute) => minute >= 1 && minute <= 10));
  assert.ok(new Set(minutes).size > 5);
});

test('paused schedules start nothing, and what passed meanwhile is not caught up', () => {
  assert.deepEqual(startsBetween(schedule({ paused: true }), '2026-03-27T12:00Z', '2026-03-28T12:00Z'), []);
  const resumed = schedule({ sinceMs: at('2026-04-10T00:00Z'), catchUp: 'all', timeZone: 'UTC' });
  assert.deepEqual(startsBetween(resumed, '2026-04-01T00:00Z', '2026-04-11T00:00Z'), ['2026-04-10T02:30']);
});

test('what is no cron expression, no time zone or never comes is refused', () => {
  for (const [cron, timeZone, says] of [
    ['61 * * * *', 'UTC', /no times/],
    ['* * *', 'UTC', /five fields/],
    ['0 0 30 2 *', 'UTC', /no time that ever comes/],
    ['0 0 * * *', 'Mars/Olympus', /Mars\/Olympus/],
  ] as const) {
    assert.throws(() => readCron(cron, timeZone), { tag: 'bad-usage', message: says });
  }
});

test('placeholders are the run’s, in every text at any depth; an hour that comes twice has two names', () => {
  const job = {
    spec: { image: 'root:in/{date}/a.tif', output: 'root:out/{run}-{name}.tif' },
    list: ['{datetime}'],
    n: 3,
  };
  const filled = (dueMs: number) => fillPlaceholders(job, { run: 7, dueMs, timeZone: 'Europe/Berlin' });
  assert.deepEqual(filled(at('2026-10-24T22:30Z')), {
    spec: { image: 'root:in/2026-10-25/a.tif', output: 'root:out/7-{name}.tif' },
    list: ['2026-10-25T00-30-00+0200'],
    n: 3,
  });
  assert.deepEqual(filled(at('2026-10-25T00:30Z')).list, ['2026-10-25T02-30-00+0200']);
  assert.deepEqual(filled(at('2026-10-25T01:30Z')).list, ['2026-10-25T02-30-00+0100']);
  assert.equal(job.list[0], '{datetime}');
});
