import { type Command, Option } from 'commander';
import { jobMessageOf } from '../../library/cluster/jobs-client.js';
import { SchedulesClient } from '../../library/cluster/schedules-client.js';
import { halotile } from '../../proto/gen/messages.js';
import { addEndpointOptions, type EndpointFlags, endpointOf } from '../endpoint-options.js';
import { integer, number } from '../job-options.js';
import { timeText } from '../operate/index.js';
import { addWebhookOptions, readSubmissionFile, type WebhookFlags, webhooksOf } from './submission-file.js';

const { Overlap, CatchUp } = halotile.v1;

const OVERLAPS = {
  skip: Overlap.OVERLAP_SKIP,
  queue: Overlap.OVERLAP_QUEUE,
  replace: Overlap.OVERLAP_REPLACE,
} as const;
const CATCH_UPS = {
  none: CatchUp.CATCH_UP_NONE,
  latest: CatchUp.CATCH_UP_LATEST,
  all: CatchUp.CATCH_UP_ALL,
} as const;

type ClientFlags = EndpointFlags & { readonly coordinator: string; readonly json?: boolean };

type AddFlags = ClientFlags &
  WebhookFlags & {
    readonly cron: string;
    readonly timeZone: string;
    readonly overlap: keyof typeof OVERLAPS;
    readonly catchUp: keyof typeof CATCH_UPS;
    readonly jitter: number;
    readonly priority: number;
    readonly paused?: boolean;
  };

/** `halotile schedule …`: jobs that a coordinator starts at their times. */
export function registerSchedule(program: Command): void {
  const schedule = program.command('schedule');
  const add = schedule
    .command('add')
    .description('add a schedule, or replace the one of this id')
    .argument('<id>', "1 to 64 letters, digits, '-' and '_'")
    .argument('<job>', 'YAML or JSON file of the job; {date}, {datetime} and {run} in its texts are those of each run')
    .requiredOption('--cron <expression>', 'minute hour day month weekday, or six fields with seconds first')
    .option('--time-zone <name>', 'IANA name such as Europe/Berlin', 'UTC')
    .addOption(overlapOption())
    .addOption(catchUpOption())
    .option('--jitter <seconds>', 'start each run up to so much later', integer, 0)
    .option('--priority <N>', 'of its jobs; larger runs first', number, 0)
    .option('--paused', 'start nothing until it is resumed');
  withEndpoint(addWebhookOptions(add)).action((id: string, file: string, flags: AddFlags) =>
    withClient(flags, async (client) => {
      const { cron, timeZone, overlap, catchUp, jitter: jitterSeconds, priority, paused } = flags;
      const terms = { id, cron, timeZone, jitterSeconds, priority, paused };
      const policies = { overlap: OVERLAPS[overlap], catchUp: CATCH_UPS[catchUp] };
      const { spec, followUps } = readSubmissionFile(file);
      const after = { followUps, webhooks: webhooksOf(flags) };
      print(flags, await client.create({ ...terms, ...policies, ...after, ...jobMessageOf(spec) }));
    }),
  );
  const list = schedule.command('list').description('list schedules with their next and last runs');
  withEndpoint(list).action((flags: ClientFlags) =>
    withClient(flags, async (client) => {
      for await (const each of client.list()) print(flags, each);
    }),
  );
  const one = (
    name: string,
    what: string,
    act: (client: SchedulesClient, id: string, flags: ClientFlags) => Promise<void>,
  ) =>
    withEndpoint(schedule.command(name).description(what).argument('<id>', 'of the schedule')).action(
      (id: string, flags: ClientFlags) => withClient(flags, (client) => act(client, id, flags)),
    );
  one('show', 'show a schedule with its last runs', async (client, id, flags) => {
    const found = await client.get(id);
    print(flags, found);
    if (!flags.json) for (const run of found.lastRuns ?? []) process.stdout.write(`${runLine(run)}\n`);
  });
  one('remove', 'remove a schedule; jobs that it has started go on', async (client, id) => {
    await client.remove(id);
    process.stdout.write(`${id}: removed\n`);
  });
  one('pause', 'start no more runs', async (client, id, flags) => print(flags, await client.pause(id)));
  one('resume', 'start runs again from the next time on', async (client, id, flags) =>
    print(flags, await client.resume(id)),
  );
  one(
    'run-now',
    'start a run now, beside the regular times, and print the id of its job',
    async (client, id, flags) => {
      const jobId = await client.runNow(id);
      process.stdout.write(flags.json ? `${JSON.stringify({ id: jobId })}\n` : `${jobId}\n`);
    },
  );
}

function overlapOption(): Option {
  const option = new Option('--overlap <what>', 'what becomes of a run while an earlier one has not ended');
  return option.choices(Object.keys(OVERLAPS)).default('skip');
}

function catchUpOption(): Option {
  const option = new Option('--catch-up <what>', 'which of the times run at which no coordinator was there');
  return option.choices(Object.keys(CATCH_UPS)).default('latest');
}

function withEndpoint(command: Command): Command {
  command
    .requiredOption('--coordinator <address>', 'HOST:PORT')
    .option('--json', 'print JSON, one object on each line');
  return addEndpointOptions(command);
}

async function withClient(flags: ClientFlags, use: (client: SchedulesClient) => Promise<void>): Promise<void> {
  const client = new SchedulesClient(endpointOf(flags.coordinator, flags));
  try {
    await use(client);
  } finally {
    client.close();
  }
}

function print({ json }: ClientFlags, schedule: halotile.v1.ISchedule): void {
  process.stdout.write(`${json ? scheduleJson(schedule) : scheduleLine(schedule)}\n`);
}

function scheduleLine({ id, cron, timeZone, paused, nextRun, lastRuns }: halotile.v1.ISchedule): string {
  const next = paused ? 'paused' : `next ${timeText(nextRun) ?? 'never'}`;
  const [last] = lastRuns ?? [];
  return [id, `${cron} ${timeZone}`, next, last ? `last ${runLine(last)}` : 'no run yet'].join('  ');
}

function runLine({ run, due, jobId, note }: halotile.v1.IScheduleRun): string {
  return `${run}  ${timeText(due) ?? 'never'}  ${jobId || note || 'starting'}`;
}

function scheduleJson({ nextRun, lastRuns, overlap, catchUp, ...rest }: halotile.v1.ISchedule): string {
  return JSON.stringify({
    ...rest,
    overlap: nameOf(OVERLAPS, overlap),
    catchUp: nameOf(CATCH_UPS, catchUp),
    nextRun: timeText(nextRun),
    lastRuns: lastRuns?.map(({ due, ...run }) => ({ ...run, due: timeText(due) })),
  });
}

function nameOf(table: Readonly<Record<string, number>>, value: number | null | undefined): string | undefined {
  return Object.keys(table).find((name) => table[name] === value);
}
