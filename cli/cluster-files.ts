import { badUsage } from '../tiling/errors.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import { extraPaths, parameterFiles } from '../tiling/plan/parameter-files.js';
import { isClusterName } from './endpoint-options.js';

/** What a mask file's path stands behind. */
const MASK = 'mask:';

/**
 * The spec with every local input, the image, the map and whatever operations' parameters name (masks, tables,
 * kernels, flat fields), replaced by the name that `send` gives for its path; each path is sent once.
 */
export async function sendFiles(spec: JobSpec, send: (path: string) => Promise<string>): Promise<JobSpec> {
  const sent = new Map<string, Promise<string>>();
  const placed = (path: string): Promise<string> => {
    if (isClusterName(path)) return Promise.resolve(path);
    let name = sent.get(path);
    if (name === undefined) {
      name = send(path);
      sent.set(path, name);
    }
    return name;
  };
  const image = await placed(spec.image);
  const map = spec.map === undefined ? undefined : await placed(spec.map);
  const named = new Set([...parameterFiles(spec, refuseClusterNames), ...extraPaths(spec)]);
  const operations: JobSpec['operations'] = [];
  for (const operation of spec.operations) {
    const params = { ...operation.params };
    for (const [key, value] of Object.entries(params)) {
      if (typeof value !== 'string') continue;
      const prefix = value.startsWith(MASK) ? MASK : '';
      const path = value.slice(prefix.length);
      if (named.has(path)) params[key] = `${prefix}${await placed(path)}`;
    }
    operations.push({ ...operation, params });
  }
  return { ...spec, image, map, operations };
}

/** A file that only the cluster sees is not read here; see {@link parameterFiles}. */
function refuseClusterNames(path: string): void {
  if (isClusterName(path)) throw badUsage({ what: 'a file of the cluster cannot be read here', where: path });
}
