import type { DatasetSpec } from '../../../tiling/job/dataset-spec.js';
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

/** Everything that `report.json` holds and `report.html` shows; lists are read again at each use. */
export interface DatasetReport {
  readonly version: string;
  readonly job: DatasetSpec;
  readonly result: DatasetResult;
  /** Files among the frames that are no images, by ending. */
  readonly passedOver: Readonly<Record<string, number>>;
  characters(): Iterable<CharacterSummary>;
  failed(): Iterable<CharacterFailure>;
}

/** The text of `report.json` in parts, a character a line: the report without its sample images. */
export function* reportJson(report: DatasetReport): Generator<string> {
  const { version, job, result, passedOver } = report;
  const head = JSON.stringify({ version, job, result, passedOver }, null, 2);
  yield `${head.slice(0, head.lastIndexOf('\n'))},\n  "characters": [`;
  yield* jsonLines(report.characters(), ({ samples: _, ...rest }) => rest);
  yield '],\n  "failed": [';
  yield* jsonLines(report.failed(), (failure) => failure);
  yield ']\n}\n';
}

function* jsonLines<T>(items: Iterable<T>, shown: (item: T) => object): Generator<string> {
  let separator = '';
  for (const item of items) {
    yield `${separator}\n    ${JSON.stringify(shown(item))}`;
    separator = ',';
  }
  if (separator !== '') yield '\n  ';
}
