import { type Command, Option } from 'commander';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { badUsage } from '../../tiling/errors.js';
import { onlyAsFlag } from '../config/given-values.js';
import { addEndpointOptions, type EndpointFlags, endpointOf } from '../endpoint-options.js';
import {
  ageOrTime,
  eventJson,
  eventLine,
  JOB_HEADER,
  jobJson,
  jobLine,
  STATES,
  stateOf,
  WORKER_HEADER,
  watchJobs,
  workerJson,
  workerLines,
} from '../operate/index.js';

type ClientFlags = EndpointFlags & { readonly coordinator: string; readonly json?: boolean };

type JobsFlags = ClientFlags & {
  readonly state?: readonly halotile.v1.JobState[];
  readonly principal?: string;
  readonly since?: number;
};

/** `halotile jobs`: what a coordinator has. */
export function registerJobs(program: Command): void {
  const command = program
    .command('jobs')
    .addOption(
      filter('--state <state>', `only jobs in it, repeat it for several: ${Object.keys(STATES).join(', ')}`, stateOf),
    )
    .addOption(filter('--principal <name>', 'only jobs of this principal; others than yourself for admins'))
    .addOption(
      filter('--since <time>', 'only jobs submitted then or later: 90m, 12h, 7d, or 2026-11-29T04:00Z', ageOrTime),
    );
  withEndpoint(withJson(command)).action((flags: JobsFlags) =>
    withClient(flags, async (client) => {
      const { state: states, principal, since: sinceMs, json } = flags;
      const nowMs = Date.now();
      if (!json) print(JOB_HEADER);
      for await (const job of client.list({ states, principal, sinceMs })) {
        print(json ? jobJson(job, nowMs) : jobLine(job, nowMs));
      }
    }),
  );
}

/** `halotile watch JOB…`: follows jobs to their ends. */
export function registerWatch(program: Command): void {
  const command = program
    .command('watch')
    .argument('[ids...]', 'of the jobs')
    .addOption(
      onlyAsFlag(new Option('--all', 'all jobs that you may see and that have not ended, until none is left')),
    );
  withEndpoint(withJson(command)).action((ids: string[], flags: ClientFlags & { readonly all?: boolean }) =>
    withClient(flags, async (client) => {
      if (ids.length > 0 === (flags.all === true)) {
        throw badUsage({ what: 'which jobs?', expected: 'ids of jobs, or --all' });
      }
      const isOne = ids.length === 1;
      await watchJobs(client, flags.all ? 'all' : ids, (id, event) => {
        if (flags.json) print(eventJson(id, event));
        else print(isOne ? eventLine(event) : `${id}  ${eventLine(event)}`);
      });
    }),
  );
}

/** `halotile cancel JOB…`: stops jobs; what is finished stays and a new submission continues it. */
export function registerCancel(program: Command): void {
  const command = program.command('cancel');
  forEachJob(command, (client, id) => client.cancel(id));
}

/** `halotile release JOB…`: takes jobs out of quarantine. */
export function registerRelease(program: Command): void {
  const command = program.command('release');
  forEachJob(command, (client, id) => client.release(id));
}

/** `halotile retry JOB…`: runs jobs again that failed or were cancelled. */
export function registerRetry(program: Command): void {
  const command = program.command('retry');
  forEachJob(command, (client, id) => client.retry(id));
}

/** `halotile delete JOB…`: forgets jobs that have ended. */
export function registerDelete(program: Command): void {
  const command = program.command('delete');
  forEachJob(command, (client, id) => client.delete(id));
}

/** `halotile workers`: what is connected to a coordinator, and what it runs. */
export function registerWorkers(program: Command): void {
  const command = program.command('workers');
  withEndpoint(withJson(command)).action((flags: ClientFlags) =>
    withClient(flags, async (client) => {
      if (!flags.json) print(WORKER_HEADER);
      for await (const worker of client.workers()) {
        if (flags.json) print(workerJson(worker));
        else for (const line of workerLines(worker, Date.now())) print(line);
      }
    }),
  );
}

/** `halotile discard OUTPUT`: removes what unfinished jobs left of an output. */
export function registerDiscard(program: Command): void {
  const command = program.command('discard').argument('<output>', 'root:NAME/PATH');
  withEndpoint(command).action((output: string, flags: ClientFlags) =>
    withClient(flags, async (client) => {
      await client.discard(output);
      print(`${output}: what was unfinished is discarded`);
    }),
  );
}

function filter(flags: string, description: string, parse?: (text: string, earlier: never) => unknown): Option {
  const option = onlyAsFlag(new Option(flags, description));
  return parse === undefined ? option : option.argParser(parse as (text: string) => unknown);
}

/** A command that does one thing to each of the jobs that it is given, and prints them. */
function forEachJob(command: Command, act: (client: JobsClient, id: string) => Promise<halotile.v1.IJob>): void {
  command.argument('<ids...>', 'of the jobs');
  withEndpoint(withJson(command)).action((ids: string[], flags: ClientFlags) =>
    withClient(flags, async (client) => {
      for (const id of ids) {
        const job = await act(client, id);
        print(flags.json ? jobJson(job, Date.now()) : jobLine(job, Date.now()));
      }
    }),
  );
}

function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON object on each line');
}

function withEndpoint(command: Command): Command {
  return addEndpointOptions(command.requiredOption('--coordinator <address>', 'HOST:PORT'));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function withClient(flags: ClientFlags, use: (client: JobsClient) => Promise<void>): Promise<void> {
  const client = new JobsClient(endpointOf(flags.coordinator, flags));
  try {
    await use(client);
  } finally {
    client.close();
  }
}
