import type { JobSpec } from '../tiling/job/job-spec.js';
import { extraPaths, parameterFiles, readParameterFile } from '../tiling/plan/parameter-files.js';
import { isClusterName } from './endpoint-options.js';

/** What a mask file's path stands behind. */
const MASK = 'mask:';

/**
 * The spec with every local input, the image, the map and whatever operations' parameters name (masks, tables,
 * kernels, flat fields), replaced by the name that `send` gives for its path; each path is sent once.
 */
export async function sendFiles(spec: JobSpec, send: (path: string) => Promise<string>): Promise<JobSpec> {
  const placed = sentOnce(send);
  const image = await placed(spec.image);
  const map = spec.map === undefined ? undefined : await placed(spec.map);
  return { ...spec, image, map, operations: await sendParameters(spec, placed) };
}

/** Every local file that an image job reads. */
export function localFiles(spec: JobSpec): string[] {
  const named = [spec.image, spec.map ?? '', ...localParameters(spec)];
  return named.filter((path) => path !== '' && !isClusterName(path));
}

/** The files that operations' parameters name, of which a cluster's own are not looked into. */
export function localParameters(spec: JobSpec): string[] {
  return [...parameterFiles(spec, readLocal), ...extraPaths(spec)];
}

/** Sends each path once; names that a cluster gives meaning to stay. */
export function sentOnce(send: (path: string) => Promise<string>): (path: string) => Promise<string> {
  const sent = new Map<string, Promise<string>>();
  return (path) => {
    if (isClusterName(path)) return Promise.resolve(path);
    let name = sent.get(path);
    if (name === undefined) {
      name = send(path);
      sent.set(path, name);
    }
    return name;
  };
}

/** The operations of a spec with names in place of the local files in their parameters. */
export async function sendParameters(
  spec: JobSpec,
  placed: (path: string) => Promise<string>,
): Promise<JobSpec['operations']> {
  const named = new Set(localParameters(spec));
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
  return operations;
}

/** A file that only the cluster sees: the smallest table, so that an operation goes on to its other files. */
const STAND_IN = new TextEncoder().encode('1\n');

function readLocal(path: string): Uint8Array {
  return isClusterName(path) ? STAND_IN : readParameterFile(path);
}
