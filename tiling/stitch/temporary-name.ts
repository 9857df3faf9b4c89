import { basename, dirname, join } from 'node:path';

/** The name of a file while it is written. */
export function temporaryOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.part`);
}
