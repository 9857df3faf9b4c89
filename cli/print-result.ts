/** Prints what a job did, as `--json` and `--quiet` want it: as JSON, not at all, or for people. */
export function printResult<T>(
  result: T,
  { json, quiet }: { readonly json?: boolean; readonly quiet?: boolean },
  describe: (result: T) => string,
): void {
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else if (!quiet) process.stdout.write(describe(result));
}
