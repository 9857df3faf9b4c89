import { dirname, join } from 'node:path';
import { badUsage, HalotileError } from '../../tiling/errors.js';
import type { Size } from '../../tiling/geometry/rect.js';
import { type JobSpec, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { type TableFormat, tableFormatOf } from '../../tiling/job/output-format.js';
import { figuresOf, figureTypes } from '../../tiling/measure/figures.js';
import { isUrl } from '../../tiling/places/url.js';
import type { PreparedTable } from '../../tiling/prepare/prepare-table.js';
import { assertAllUnchanged, assertUnchanged, type SeenFile } from '../../tiling/sources/fingerprint.js';
import { type PartialPaths, removePartial } from '../../tiling/stitch/partial.js';
import type { TileLedger } from '../../tiling/stitch/tile-ledger.js';
import { syncFile } from '../assembly/assemble.js';
import { RecordStore } from '../measure/record-store.js';
import { TableFile } from '../measure/table-file.js';
import { tableRows } from '../measure/table-rows.js';
import type { JobResult } from './job-result.js';
import { madeOf } from './made-image.js';
import { MeasuredParts, type MeasuringOptions } from './measured-parts.js';
import { peakMemoryBytes } from './peak-memory.js';
import { publishOutput } from './publish-output.js';
import type { RemoteOutput } from './remote-output.js';

/** @throws bad-usage for a plan of a job whose output is a table: it has no tiles, halos or levels */
export function refuseTablePlan(output: string): never {
  throw badUsage({
    what: 'a plan of measurements',
    file: output,
    expected: 'a job whose output is an image',
    remedy:
      'use halotile plan or --dry-run on this machine, or plan the operations that make the labels, with an output that ends in .tif',
  });
}

/** The image job whose result is measured; undefined where the image is measured as it is. */
export function labelsJobOf(spec: JobSpec, output: string): JobSpec | undefined {
  if (spec.operations.length === 0) return undefined;
  const { measure: _, ...job } = spec;
  return jobSpecSchema.parse({ ...job, output, compression: { codec: 'none' }, overviews: false });
}

/** The job that measures the result of {@link labelsJobOf}. */
export function measuringJobOf(spec: JobSpec, labels: string | undefined): JobSpec {
  if (labels === undefined) return spec;
  const { page: _, nodata: __, map: ___, mapOperations: ____, ...job } = spec;
  return { ...job, image: labels, orient: 'as-stored', colour: 'as-stored', operations: [] };
}

/** A table whose inputs are open and whose epoch has begun. */
export interface OpenedTable extends Omit<MeasuringOptions, 'directory' | 'check'> {
  readonly output: string;
  /** The output's store, where it has no place of its own on this machine. */
  readonly remote?: RemoteOutput | undefined;
  readonly digest: string;
  readonly paths: PartialPaths;
  readonly files: readonly SeenFile[];
  readonly durable: boolean;
  readonly onWarning?: (what: string) => void;
  /** Seconds on a monotonic clock, and what it said when the job began. */
  readonly nowSeconds: () => number;
  readonly startedAt: number;
}

/**
 * Measures all parts and writes the table: a line for each label, ascending.
 * @throws HalotileError; the table is then as it was before
 */
export async function makeTable(opened: OpenedTable): Promise<JobResult> {
  const { table, paths, files, ledger, output, nowSeconds, startedAt } = opened;
  const preparedAt = nowSeconds();
  // Of remote ones every answer says in which state they are.
  const here = files.filter(({ path }) => !isUrl(path));
  const parts = new MeasuredParts({
    ...opened,
    directory: paths.directory,
    check: () => here.forEach(assertUnchanged),
  });
  await parts.measure();
  const measuredAt = nowSeconds();
  const store = new RecordStore({ folder: paths.scratch, channels: table.channels });
  const temporary = join(paths.directory, ledger.folder, 'table');
  let written: WrittenTable;
  try {
    for (const records of parts.records()) {
      if (opened.signal?.aborted) throw interrupted();
      await store.add(records);
    }
    written = await writeTable(store.records(), { ...opened, temporary, format: tableFormatOf(output)! });
  } finally {
    store.close();
  }
  const { seconds, bytesRead: read, blocksDecoded, inputPixels: pixelsRead } = parts.totals;
  const { labels, bytes, crc } = written;
  const result = (): JobResult => ({
    ...{ output, ...table.size, channels: 1, dtype: 'uint32', levels: 0, mapMax: 0 },
    table: { labels, columns: table.columns },
    tiles: { total: parts.count, side: Math.max(table.part.width, table.part.height), resumed: parts.resumed },
    halo: { pixelsRead, pixelsWithMaxHalo: pixelsRead, savedShare: 0 },
    bytes: { read, written: bytes, output: bytes },
    blocksDecoded: { count: blocksDecoded, perBlock: 0 },
    crc: crc.toString(16).padStart(8, '0'),
    seconds: {
      ...{ prepare: preparedAt - startedAt, ...seconds },
      ...{ assemble: nowSeconds() - measuredAt, total: nowSeconds() - startedAt },
    },
    peakMemoryBytes: peakMemoryBytes(),
    epoch: ledger.epoch,
  });
  await publish(opened, temporary, result());
  return result();
}

async function publish(
  { ledger, files, output, remote, digest, durable, paths, signal, onWarning }: OpenedTable,
  temporary: string,
  result: JobResult,
): Promise<void> {
  await assertAllUnchanged(files);
  if (remote !== undefined) {
    ledger.assertNewest();
    const about = JSON.stringify(madeOf(digest, result));
    const terms = { partial: paths.directory, about, ...(signal && { signal }) };
    await remote.upload({ kind: 'file', path: temporary }, terms);
  } else {
    if (durable) syncFile(temporary);
    const said = await publishOutput(temporary, output, () => ledger.assertNewest());
    for (const what of said) onWarning?.(what);
    if (durable) syncFile(dirname(output));
  }
  // What a later run has begun is that one's to remove.
  const isNewest = ledger.isNewest();
  ledger.close();
  if (isNewest) await removePartial(paths);
}

interface WrittenTable {
  readonly labels: number;
  readonly bytes: number;
  /** CRC-32 of the file. */
  readonly crc: number;
}

interface TableTerms {
  readonly temporary: string;
  readonly format: TableFormat;
  readonly table: Pick<PreparedTable, 'columns' | 'channels'> & { readonly size: Size };
  readonly ledger: Pick<TileLedger, 'assertNewest'>;
  readonly signal?: AbortSignal;
}

async function writeTable(
  records: AsyncIterable<Float64Array>,
  { temporary, format, table: { columns, channels, size }, ledger, signal }: TableTerms,
): Promise<WrittenTable> {
  const file = new TableFile(temporary);
  let labels = 0;
  try {
    const rows = await tableRows(file, format, { columns, types: figureTypes(channels) });
    for await (const record of records) {
      labels++;
      if (!rows.add(figuresOf(record, channels, size))) continue;
      ledger.assertNewest();
      if (signal?.aborted) throw interrupted();
    }
    rows.finish();
  } finally {
    file.close();
  }
  return { labels, bytes: file.bytes, crc: file.crc };
}

function interrupted(): HalotileError {
  return new HalotileError('interrupted', { what: 'interrupted', remedy: 'run the same command again to continue' });
}
