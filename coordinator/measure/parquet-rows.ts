import type { Figure, FigureType } from '../../tiling/measure/figures.js';
import type { TableColumns, TableFile, TableRows } from './table-file.js';

/** Figures that are held, and written as one row group: some 40 MiB of values. */
const GROUP_FIGURES = 1 << 19;
/** Readers like groups that are neither tiny nor huge. */
const GROUP_LINES = { least: 1 << 10, most: 1 << 16 } as const;

const TYPES = { whole: 'INT64', real: 'DOUBLE', flag: 'BOOLEAN' } as const;

/**
 * The lines of an Apache Parquet file, in row groups of at most {@link GROUP_FIGURES}: whole numbers as INT64, others as DOUBLE; a
 * figure that a label has not is null. The file is the caller's to close.
 */
export async function parquetRows(file: TableFile, { columns, types }: TableColumns): Promise<TableRows> {
  // Few jobs need it.
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const bytes = new ByteWriter();
  const append = () => {
    file.append(bytes.getBytes());
    bytes.index = 0;
  };
  const writer = new ParquetWriter({
    writer: Object.assign(bytes, { flush: append, finish: append }),
    schema: [
      { name: 'table', num_children: columns.length },
      ...columns.map((name, i) => ({ name, type: TYPES[types[i]!], repetition_type: 'OPTIONAL' as const })),
    ],
    createdBy: 'halotile',
  });
  const fitting = Math.floor(GROUP_FIGURES / columns.length);
  const groupLines = Math.min(GROUP_LINES.most, Math.max(GROUP_LINES.least, fitting));
  let held: (number | bigint | boolean | null)[][] = columns.map(() => []);
  const finishGroup = () => {
    const columnData = columns.map((name, i) => ({ name, data: held[i]!, offsetIndex: false }));
    writer.write({ columnData, rowGroupSize: groupLines });
    held = columns.map(() => []);
  };
  return {
    add: (figures) => {
      for (const [i, figure] of figures.entries()) held[i]!.push(stored(figure, types[i]!));
      if (held[0]!.length < groupLines) return false;
      finishGroup();
      return true;
    },
    finish: () => {
      if (held[0]!.length > 0) finishGroup();
      writer.finish();
    },
  };
}

function stored(figure: Figure, type: FigureType): number | bigint | boolean | null {
  if (Number.isNaN(figure)) return null;
  return type === 'whole' ? BigInt(figure) : figure;
}
