/** Whether a name means something to the cluster rather than to this machine. */
export function isClusterName(name: string): boolean {
  return /^(root|upload|download):/.test(name);
}
