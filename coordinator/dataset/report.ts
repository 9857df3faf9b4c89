import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { CharacterFailure, CharacterSummary } from './character-summary.js';

/** What a palette job hands back; `--json` prints it, and `report.json` holds it with `characters` in full. */
export interface DatasetResult {
  readonly output: string;
  readonly characters: { readonly total: number; readonly done: number; readonly reused: number };
  readonly frames: {
    readonly total: number;
    /** In the output now. */
    readonly written: number;
    /** Of those, written by earlier runs. */
    readonly reused: number;
    readonly failed: number;
  };
  readonly size: DatasetSpec['size'];
  /** Wall time: `find` ends with the list of frames, `run` with the last character. */
  readonly seconds: { readonly find: number; readonly run: number; readonly total: number };
  readonly bytes: { readonly read: number; readonly written: number };
  readonly peakMemoryBytes: number;
  readonly report: string;
}

/** Everything that `report.json` holds and `report.html` shows. */
export interface DatasetReport {
  readonly version: string;
  readonly job: DatasetSpec;
  readonly result: DatasetResult;
  readonly characters: readonly CharacterSummary[];
  readonly failed: readonly CharacterFailure[];
}

/** The text of `report.json`: the report without its sample images. */
export function reportJson({ version, job, result, characters, failed }: DatasetReport): string {
  const bare = characters.map(({ samples: _, ...rest }) => rest);
  return `${JSON.stringify({ version, job, result, characters: bare, failed }, null, 2)}\n`;
}
