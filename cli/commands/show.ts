import type { Command } from 'commander';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { halotile } from '../../proto/gen/messages.js';
import { addEndpointOptions, type EndpointFlags, endpointOf } from '../endpoint-options.js';
import { JOB_HEADER, jobJson, jobLine, timeText } from '../operate/index.js';

type ShowFlags = EndpointFlags & { readonly coordinator: string; readonly json?: boolean };

/** `halotile show JOB`: one job with what follows it and what its webhooks were told. */
export function registerShow(program: Command): void {
  const command = program
    .command('show')
    .argument('<id>', 'of the job')
    .requiredOption('--coordinator <address>', 'HOST:PORT')
    .option('--json', 'print one JSON object');
  addEndpointOptions(command).action(show);
}

async function show(id: string, flags: ShowFlags): Promise<void> {
  const client = new JobsClient(endpointOf(flags.coordinator, flags));
  try {
    const job = await client.get(id);
    const nowMs = Date.now();
    const deliveries = (job.deliveries ?? []).map(({ next, state, ...rest }) => ({
      ...{ ...rest, state: deliveryState(state), next: timeText(next) },
    }));
    if (flags.json) {
      const whole = { ...(JSON.parse(jobJson(job, nowMs)) as object), followUps: job.followUps, deliveries };
      process.stdout.write(`${JSON.stringify(whole)}\n`);
      return;
    }
    const lines = [JOB_HEADER, jobLine(job, nowMs)];
    for (const { name, jobId, note } of job.followUps ?? []) lines.push(`then ${name}  ${jobId || note || 'waits'}`);
    for (const { url, state, tries, note, next } of deliveries) {
      const when = next === undefined ? '' : `  next try ${next}`;
      lines.push(`webhook ${url}  ${state}, ${tries} tries  ${note}${when}`.trimEnd());
    }
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    client.close();
  }
}

function deliveryState(state: halotile.v1.DeliveryState | null | undefined): string {
  const name = halotile.v1.DeliveryState[state ?? 0] ?? '';
  return name.replace('DELIVERY_STATE_', '').toLowerCase().replaceAll('_', ' ');
}
