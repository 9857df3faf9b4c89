/** Whether a name means something to the cluster rather than to this machine: `{output}` is that of an earlier job. */
export function isClusterName(name: string): boolean {
  return /^(root|upload|download):|^\{output[:}]/.test(name);
}
