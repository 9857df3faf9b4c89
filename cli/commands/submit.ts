import type { Command } from 'commander';
import { runCollectionOnCluster } from '../../library/cluster/cluster-collection.js';
import { runDatasetOnCluster } from '../../library/cluster/cluster-dataset.js';
import { runOnCluster } from '../../library/cluster/cluster-run.js';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { isCollectionSpec } from '../../tiling/job/collection-spec.js';
import { isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import { traceparentOf } from '../../tiling/tracing.js';
import { describeClusterCollection, SKIPPED_EXIT_CODE } from '../collection-run.js';
import { describeClusterDataset } from '../dataset-run.js';
import { addEndpointOptions, type EndpointFlags, endpointOf } from '../endpoint-options.js';
import { integer, number } from '../job-options.js';
import { verifyEveryOf } from '../verify-share.js';
import { addWebhookOptions, readSubmissionFile, type WebhookFlags, webhooksOf } from './submission-file.js';

type SubmitFlags = EndpointFlags &
  WebhookFlags & {
    readonly coordinator: string;
    readonly priority: number;
    readonly attempts?: number;
    readonly backoff?: number;
    readonly requestId?: string;
    readonly restart?: boolean;
    readonly verify?: string;
    readonly wait?: boolean;
    readonly json?: boolean;
  };

/** `halotile submit JOB.yaml`: puts a job into a coordinator's queue. */
export function registerSubmit(program: Command): void {
  const command = program
    .command('submit')
    .argument('<job>', 'the file; its paths are root:NAME/PATH, upload:ID, download:NAME, or local with --wait')
    .requiredOption('--coordinator <address>', 'HOST:PORT')
    .option('--priority <N>', 'larger runs first', number, 0)
    .option('--attempts <N>', 'how often a coordinator may take it (default: 5)', integer)
    .option(
      '--backoff <seconds>',
      'wait after it failed for a cause that may pass, doubled each time (default: 10)',
      integer,
    )
    .option('--request-id <id>', 'the same id submits the same job once')
    .option('--restart', 'discard what an earlier job of yours left of the output')
    .option('--verify <1/N>', 'compute one task in N on a second worker too, and compare')
    .option('--wait', 'upload local inputs, follow the job, fetch a local output')
    .option('--json', 'print one JSON object');
  addEndpointOptions(addWebhookOptions(command)).action(submit);
}

async function submit(file: string, flags: SubmitFlags): Promise<void> {
  const endpoint = endpointOf(flags.coordinator, flags);
  const { spec, followUps } = readSubmissionFile(file);
  const terms = {
    followUps,
    webhooks: webhooksOf(flags),
    requestId: flags.requestId,
    priority: flags.priority,
    maxAttempts: flags.attempts,
    backoffSeconds: flags.backoff,
    restart: flags.restart,
    verifyEvery: verifyEveryOf(flags.verify),
    // What a pipeline that traces says to the programs that it starts.
    traceparent: traceparentOf(process.env.TRACEPARENT),
  };
  if (flags.wait) {
    const onNote = (note: string) => process.stderr.write(`${note}\n`);
    const onWarning = (what: string) => process.stderr.write(`halotile: ${what}\n`);
    if (isCollectionSpec(spec)) {
      const result = await runCollectionOnCluster(spec, { endpoint, ...terms, onNote, onWarning });
      process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : describeClusterCollection(result));
      if (result.images.failed > 0) process.exitCode = SKIPPED_EXIT_CODE;
      return;
    }
    if (isDatasetSpec(spec)) {
      const result = await runDatasetOnCluster(spec, { endpoint, ...terms, onNote });
      process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : describeClusterDataset(result));
      return;
    }
    const result = await runOnCluster(spec, { endpoint, ...terms, onNote, onWarning });
    process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : `${result.output} CRC-32 ${result.crc}\n`);
    return;
  }
  const client = new JobsClient(endpoint);
  try {
    const job = await client.submit(spec, terms);
    process.stdout.write(flags.json ? `${JSON.stringify({ id: job.id })}\n` : `${job.id}\n`);
  } finally {
    client.close();
  }
}
