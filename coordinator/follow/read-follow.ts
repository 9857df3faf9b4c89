import { readCollectionSpec } from '../../proto/convert/collection-spec.js';
import { readDatasetSpec } from '../../proto/convert/dataset-spec.js';
import { type FieldViolation, readJobSpec } from '../../proto/convert/job-spec.js';
import { halotile } from '../../proto/gen/messages.js';
import {
  ancestors,
  FOLLOW_LIMITS,
  type Follow,
  type FollowNode,
  graphFault,
  outputsNamed,
  type Webhook,
} from './follow.js';

type Asked = Pick<
  halotile.v1.ISubmitJobRequest,
  'followUps' | 'webhooks' | 'priority' | 'maxAttempts' | 'backoffSeconds'
>;

const MAX_URL = 2_000;
const SECRET = { min: 16, max: 256 } as const;
const DOWNLOAD = /^download:/;

/** What a request asks to follow its job, and what is wrong with it. Files need not be there before their jobs have run. */
export function readFollow(
  asked: Asked,
  output: string,
): { readonly follow: Pick<Follow, 'nodes' | 'webhooks'>; readonly violations: FieldViolation[] } {
  const { followUps, webhooks } = asked;
  const violations = webhookFaults(webhooks ?? []);
  const named = (followUps ?? []).map(({ name, after }, index) => ({
    name: name || `${index + 1}`,
    after: [...(after ?? [])],
  }));
  const fault = graphFault(named);
  if (fault !== undefined) violations.push({ field: 'follow_ups', description: fault });
  const outputs = new Map([['', output]]);
  for (const [index, each] of (followUps ?? []).entries()) {
    outputs.set(named[index]!.name, (each.spec ?? each.dataset ?? each.collection)?.output ?? '');
  }
  const nodes = (followUps ?? []).map((each, index): FollowNode => {
    const { name, after } = named[index]!;
    const { spec, dataset, collection } = each;
    violations.push(...specFaults(each, `follow_ups[${index}]`));
    const before = fault === undefined ? ancestors(named, name) : new Set<string>();
    for (const used of outputsNamed({ spec, dataset, collection })) {
      const what = used === '' ? '{output}' : `{output:${used.slice(0, 80)}}`;
      if (used !== '' && !before.has(used)) {
        violations.push({ field: `follow_ups[${index}]`, description: `${what} is of no job that comes before it` });
      } else if (DOWNLOAD.test(outputs.get(used) ?? '')) {
        const remedy = 'write it below a storage root to use it';
        violations.push({ field: `follow_ups[${index}]`, description: `${what} waits for its download; ${remedy}` });
      }
    }
    const { priority, maxAttempts, backoffSeconds } = asked;
    const request = { spec, dataset, collection, priority, maxAttempts, backoffSeconds };
    const bytes = halotile.v1.SubmitJobRequest.encode(request).finish();
    return { name, after, request: Buffer.from(bytes).toString('base64') };
  });
  const hooks = (webhooks ?? []).map(({ url, secret }): Webhook => ({ url: url ?? '', secret: secret ?? '' }));
  return { follow: { nodes, webhooks: hooks }, violations };
}

function specFaults({ spec, dataset, collection }: halotile.v1.IFollowUp, field: string): FieldViolation[] {
  if ([spec, dataset, collection].filter((each) => each).length !== 1) {
    return [{ field, description: 'a job has one of spec, dataset and collection' }];
  }
  const reading = dataset
    ? readDatasetSpec(dataset)
    : collection
      ? readCollectionSpec(collection)
      : readJobSpec(spec ?? {});
  if (reading.ok) return [];
  return reading.violations.map(({ field: inner, description }) => ({ field: `${field}.${inner}`, description }));
}

function webhookFaults(webhooks: readonly halotile.v1.IWebhook[]): FieldViolation[] {
  const violations: FieldViolation[] = [];
  if (webhooks.length > FOLLOW_LIMITS.webhooks) {
    violations.push({
      field: 'webhooks',
      description: `${webhooks.length}; expected at most ${FOLLOW_LIMITS.webhooks}`,
    });
  }
  for (const [index, { url, secret }] of webhooks.entries()) {
    if (!isHttpUrl(url ?? '')) {
      violations.push({
        field: `webhooks[${index}].url`,
        description: `http:// or https://, at most ${MAX_URL} characters`,
      });
    }
    const length = (secret ?? '').length;
    if (length < SECRET.min || length > SECRET.max) {
      violations.push({ field: `webhooks[${index}].secret`, description: `${SECRET.min} to ${SECRET.max} characters` });
    }
  }
  return violations;
}

function isHttpUrl(text: string): boolean {
  if (text.length > MAX_URL || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}
