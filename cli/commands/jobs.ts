import type { Command } from 'commander';
import type { halotile } from '../../proto/gen/messages.js';
import { JobsClient, resultOf } from '../client.js';
import { stateName } from '../cluster-run.js';
import { addEndpointOptions, type EndpointFlags, endpointOf } from '../endpoint-options.js';

type ClientFlags = EndpointFlags & { readonly coordinator: string; readonly json?: boolean };

/** `halotile jobs`: what a coordinator has. */
export function registerJobs(program: Command): void {
  const command = program
    .command('jobs')
    .description("list a coordinator's jobs, newest first")
    .requiredOption('--coordinator <address>', 'HOST:PORT')
    .option('--json', 'print one JSON object on each line');
  addEndpointOptions(command).action((flags: ClientFlags) =>
    withClient(flags, async (client) => {
      for await (const job of client.list()) process.stdout.write(`${flags.json ? jobJson(job) : jobLine(job)}\n`);
    }),
  );
}

/** `halotile watch JOB`: follows a job to its end. */
export function registerWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('follow a job until it ends')
    .argument('<id>', 'of the job')
    .requiredOption('--coordinator <address>', 'HOST:PORT')
    .option('--json', 'print one JSON object on each line');
  addEndpointOptions(command).action((id: string, flags: ClientFlags) =>
    withClient(flags, async (client) => {
      let last: halotile.v1.WatchJobResponse | undefined;
      for await (const event of client.watch(id)) {
        last = event;
        process.stdout.write(`${flags.json ? eventJson(event) : eventLine(event)}\n`);
      }
      if (last !== undefined) resultOf(last);
    }),
  );
}

/** `halotile cancel JOB`: stops a job; what is finished stays and a new submission continues it. */
export function registerCancel(program: Command): void {
  const command = program
    .command('cancel')
    .description('stop a job; its finished tiles stay for the next submission')
    .argument('<id>', 'of the job')
    .requiredOption('--coordinator <address>', 'HOST:PORT');
  addEndpointOptions(command).action((id: string, flags: ClientFlags) =>
    withClient(flags, async (client) => {
      process.stdout.write(`${jobLine(await client.cancel(id))}\n`);
    }),
  );
}

/** `halotile release JOB`: takes a job out of quarantine. */
export function registerRelease(program: Command): void {
  const command = program
    .command('release')
    .description('put a job that was set aside back into the queue; for admins')
    .argument('<id>', 'of the job')
    .requiredOption('--coordinator <address>', 'HOST:PORT');
  addEndpointOptions(command).action((id: string, flags: ClientFlags) =>
    withClient(flags, async (client) => {
      process.stdout.write(`${jobLine(await client.release(id))}\n`);
    }),
  );
}

/** `halotile discard OUTPUT`: removes what unfinished jobs left of an output. */
export function registerDiscard(program: Command): void {
  const command = program
    .command('discard')
    .description('remove what an unfinished job of yours left of an output; the output itself stays')
    .argument('<output>', 'root:NAME/PATH')
    .requiredOption('--coordinator <address>', 'HOST:PORT');
  addEndpointOptions(command).action((output: string, flags: ClientFlags) =>
    withClient(flags, async (client) => {
      await client.discard(output);
      process.stdout.write(`${output}: what was unfinished is discarded\n`);
    }),
  );
}

async function withClient(flags: ClientFlags, use: (client: JobsClient) => Promise<void>): Promise<void> {
  const client = new JobsClient(endpointOf(flags.coordinator, flags));
  try {
    await use(client);
  } finally {
    client.close();
  }
}

function jobLine({ id, state, progress, spec, dataset, failure }: halotile.v1.IJob): string {
  const reason = failure ? `  ${failure.what}` : '';
  return `${id}  ${stateName(state).padEnd(19)}${tilesOf(progress).padStart(14)}  ${(dataset ?? spec)?.output}${reason}`;
}

function jobJson({ id, state, priority, attempt, progress, spec, dataset, failure }: halotile.v1.IJob): string {
  const image = spec?.image;
  const output = (dataset ?? spec)?.output;
  return JSON.stringify({ id, state: stateName(state), priority, attempt, progress, image, output, failure });
}

function eventLine({ state, progress, note, failure }: halotile.v1.WatchJobResponse): string {
  return [stateName(state), tilesOf(progress), note, failure?.what ?? ''].filter((part) => part !== '').join('  ');
}

function eventJson({ sequence, state, progress, note, failure, result }: halotile.v1.WatchJobResponse): string {
  return JSON.stringify({ sequence, state: stateName(state), progress, note, failure, result });
}

function tilesOf(progress: halotile.v1.IProgress | null | undefined): string {
  if (progress?.imagesTotal) {
    const { imagesCounted, imagesDone, imagesTotal, charactersDone, charactersTotal } = progress;
    const read = imagesDone === imagesTotal ? '' : `${imagesCounted} read, `;
    return `${read}${imagesDone}/${imagesTotal} images, ${charactersDone}/${charactersTotal} characters`;
  }
  return progress ? `${progress.tilesDone}/${progress.tilesTotal} tiles` : '';
}
