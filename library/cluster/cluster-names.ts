import { isUrl } from '../../tiling/places/url.js';

/** Whether a name means something to the cluster rather than to this machine: `{output}` is that of an earlier job. */
export function isClusterName(name: string): boolean {
  return /^(root|upload|download):|^\{output[:}]/.test(name);
}

/** Whether an output stays where the cluster writes it, and is not fetched. */
export function staysThere(output: string): boolean {
  return isClusterName(output) || isUrl(output);
}
