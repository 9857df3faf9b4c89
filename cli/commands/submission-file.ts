import type { Command } from 'commander';
import { jobMessageOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { badUsage } from '../../tiling/errors.js';
import type { AnyJobSpec } from '../../tiling/job/collection-spec.js';
import { collect } from '../config/collect.js';
import { readText } from '../endpoint-options.js';
import { jobIn, readDocument } from './run.js';

/** Flags that say where the end of a job is told. */
export interface WebhookFlags {
  readonly webhook: readonly string[];
  readonly webhookSecretFile?: string;
}

/** The environment variable that holds the secret that signs what webhooks are told. */
const SECRET_VARIABLE = 'HALOTILE_WEBHOOK_SECRET';

/** Adds the flags. */
export function addWebhookOptions(command: Command): Command {
  return command
    .option('--webhook <url>', 'where to POST the end of the job, and of those that follow it; repeat it', collect, [])
    .option('--webhook-secret-file <file>', `what signs it (default: the variable ${SECRET_VARIABLE})`);
}

/** @throws bad-usage where there is a webhook and no secret */
export function webhooksOf({ webhook, webhookSecretFile: file }: WebhookFlags): halotile.v1.IWebhook[] {
  if (webhook.length === 0) return [];
  const secret = file === undefined ? process.env[SECRET_VARIABLE] : readText(file, '--webhook-secret-file').trim();
  if (!secret) {
    const remedy = `give --webhook-secret-file or the variable ${SECRET_VARIABLE}`;
    throw badUsage({ what: '--webhook has no secret to sign with', expected: '16 characters or more', remedy });
  }
  return webhook.map((url) => ({ url, secret }));
}

/**
 * The job in a file and those that are to follow it: entries of its list `then`, each a job with a `name`, and names it
 * comes `after`.
 * @throws bad-usage naming the file and the first field that is wrong
 */
export function readSubmissionFile(file: string): {
  readonly spec: AnyJobSpec;
  readonly followUps: halotile.v1.IFollowUp[];
} {
  const document = readDocument(file);
  if (typeof document !== 'object' || document === null || !('then' in document)) {
    return { spec: jobIn(document, file), followUps: [] };
  }
  const { then: list, ...first } = document;
  if (!Array.isArray(list)) throw badUsage({ what: "'then' is no list", file, expected: 'a list of jobs' });
  return {
    spec: jobIn(first, file),
    followUps: list.map((each, index) => followUp(each, `${file}: then[${index}]`, file)),
  };
}

function followUp(document: unknown, where: string, file: string): halotile.v1.IFollowUp {
  if (typeof document !== 'object' || document === null) throw badUsage({ what: 'no job', where });
  const { name = '', after = [], ...job } = document as Record<string, unknown>;
  const names = Array.isArray(after) ? (after as unknown[]) : [after];
  if (typeof name !== 'string' || !names.every((each) => typeof each === 'string')) {
    throw badUsage({ what: "'name' or 'after' is no text", where, expected: 'a name, and names of other jobs' });
  }
  return { name, after: names as string[], ...jobMessageOf(jobIn(job, file)) };
}
