import { basename } from 'node:path';
import { checkedOutput } from '../../coordinator/index.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { checkFetched } from '../../tiling/job/output-format.js';
import { absoluteName } from '../../tiling/places/url.js';
import { localInputs, sendInputs } from './cluster-files.js';
import { staysThere } from './cluster-names.js';
import type { JobsClient } from './jobs-client.js';
import { type ClusterRunOptions, downloadName, runSubmitted, secondsOf } from './submitted-run.js';

/** What a job on a cluster hands back. */
export interface ClusterResult {
  readonly job: string;
  readonly output: string;
  readonly tiles: number;
  /** CRC-32 of the level-0 pixels in raster order, 8 hexadecimal digits. */
  readonly crc: string;
  readonly bytes: { readonly output: number };
  readonly seconds: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

/** An upload has no name of its own that columns could be called by. */
function withColumnNames(spec: JobSpec): JobSpec {
  const { measure } = spec;
  return measure === undefined
    ? spec
    : { ...spec, measure: { ...measure, names: measure.names ?? measure.images.map((path) => basename(path)) } };
}

/**
 * Runs a job on a cluster: local inputs, those of operations' parameters too, are uploaded, `root:` names are left as
 * they are, a local output is fetched when the job is done.
 * @throws HalotileError as the job failed, local files by their own names
 */
export async function runOnCluster(spec: JobSpec, options: ClusterRunOptions): Promise<ClusterResult> {
  const { onNote = () => {} } = options;
  const local = !staysThere(spec.output);
  if (local) checkFetched(spec.output);
  const place = local ? checkedOutput(absoluteName(spec.output), localInputs(spec)) : '';
  const run = {
    spec: async (send: (path: string) => Promise<string>) => {
      const noted = (path: string) => {
        onNote(`uploading ${path}`);
        return send(path);
      };
      const sent = await sendInputs(withColumnNames(spec), noted, options.onWarning);
      return { ...sent, output: local ? downloadName(spec.output) : spec.output };
    },
    ...(local && {
      fetch: async (client: JobsClient, id: string) => {
        onNote(`fetching ${spec.output}`);
        await client.download(id, place);
      },
    }),
  };
  const { job, result } = await runSubmitted(run, options);
  const { pixelCrc, tiles, outputBytes, counts } = result;
  return {
    ...{ job, output: spec.output, tiles: tiles ?? 0, bytes: { output: outputBytes ?? 0 } },
    crc: (pixelCrc ?? 0).toString(16).padStart(8, '0'),
    seconds: secondsOf(result),
    counts: counts ?? {},
  };
}
