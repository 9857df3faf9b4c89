import { join } from 'node:path';

/** Where a worker writes an output of a granted task in the folder for what comes: no two attempts share a name. */
export function grantedFile(incoming: string, lease: number, output: number): string {
  return join(incoming, `${lease}-${output}`);
}
