import type { TableFormat } from '../../tiling/job/output-format.js';
import { csvLine, jsonLine } from '../../tiling/measure/figures.js';
import { parquetRows } from './parquet-rows.js';
import type { TableColumns, TableFile, TableRows } from './table-file.js';

/** Text that is written at a time. */
const WRITE_CHARACTERS = 1 << 20;

/** The lines of a table in a format. */
export async function tableRows(file: TableFile, format: TableFormat, table: TableColumns): Promise<TableRows> {
  return format === 'parquet' ? parquetRows(file, table) : textRows(file, format, table);
}

function textRows(file: TableFile, format: 'csv' | 'jsonl', { columns }: TableColumns): TableRows {
  let text = format === 'csv' ? `${columns.join(',')}\n` : '';
  const finish = () => {
    file.append(Buffer.from(text));
    text = '';
  };
  return {
    add: (figures) => {
      text += format === 'csv' ? csvLine(figures) : jsonLine(columns, figures);
      if (text.length < WRITE_CHARACTERS) return false;
      finish();
      return true;
    },
    finish,
  };
}
