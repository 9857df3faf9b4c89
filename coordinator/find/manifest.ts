import { dirname, extname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { badInput, type ErrorPlace } from '../../tiling/errors.js';
import { parseYamlText } from '../../tiling/job/yaml-text.js';
import { isUrl } from '../../tiling/places/url.js';
import { readTextFile } from '../../tiling/text-file.js';
import { parseCsv } from './csv.js';

const row = z.object({
  image: z.string().min(1),
  map: z.string().nullish(),
  character: z.string().nullish(),
  output: z.string().nullish(),
});
const rowList = z.union([z.array(row), z.object({ images: z.array(row) }).transform(({ images }) => images)]);

/** A row of a manifest; its paths lead from the working directory. */
export interface ManifestRow {
  readonly image: string;
  /** The image as the manifest names it. */
  readonly written: string;
  readonly map?: string;
  readonly character?: string;
  readonly output?: string;
}

/**
 * The rows of a manifest: `image`, and where wanted `map`, `output` and `character`.
 * CSV (see {@link parseCsv}) with these columns in any order, or a YAML or JSON list, bare or under `images`. Paths are
 * relative to the manifest.
 * @throws HalotileError bad-input
 */
export function* readManifest(path: string): Generator<ManifestRow> {
  const text = readTextFile(path, { what: 'the manifest' });
  const folder = dirname(path);
  const resolve = (file: string) =>
    isUrl(file) ? file : (isAbsolute(file) ? file : join(folder, file)).replace(/\/+$/, '');
  const rows = extname(path).toLowerCase() === '.csv' ? csvRows(text, path) : yamlRows(text, path);
  for (const { image, map, character, output } of rows) {
    refuseZeros([image, map, output, character], { file: path });
    yield {
      ...{ image: resolve(image), written: image },
      ...(map && { map: resolve(map) }),
      ...(output && { output: resolve(output) }),
      ...(character && { character }),
    };
  }
}

type Row = z.output<typeof row>;

/** No file's name holds a zero byte. */
function refuseZeros(names: readonly (string | null | undefined)[], place: ErrorPlace): void {
  const name = names.find((each) => each?.includes('\0'));
  if (name != null) throw badInput({ what: `a zero byte in ${JSON.stringify(name)}`, ...place, expected: 'a path' });
}

function yamlRows(text: string, path: string): Row[] {
  let value: unknown;
  try {
    value = parseYamlText(text);
  } catch (cause) {
    const what = `the manifest is no YAML (${cause instanceof Error ? cause.message : cause})`;
    throw badInput({ what, file: path }, cause);
  }
  const rows = rowList.safeParse(value);
  if (rows.success) return rows.data;
  refuseNumbers(value, path);
  throw badInput({
    what: 'the manifest is no list of images',
    file: path,
    expected: 'a list of {image, map, output, character}, bare or under "images"',
  });
}

/** 007 is read as a number, whose text is not known any more. @throws bad-input for the first such name */
function refuseNumbers(value: unknown, path: string): void {
  const rows = (Array.isArray(value) ? value : (value as { images?: unknown } | null)?.images) as unknown[] | undefined;
  if (!Array.isArray(rows)) return;
  for (const [index, each] of rows.entries()) {
    const wrong = Object.entries((each ?? {}) as object).find(
      ([key, name]) => Object.hasOwn(row.shape, key) && ['number', 'boolean'].includes(typeof name),
    );
    if (wrong === undefined) continue;
    const [key, name] = wrong;
    throw badInput({
      what: `${key} is a ${typeof name} to ${extname(path).toLowerCase() === '.json' ? 'JSON' : 'YAML'}`,
      file: path,
      where: `, image ${index + 1}`,
      expected: 'a name',
      remedy: 'put the name into quotes',
    });
  }
}

function* csvRows(text: string, path: string): Generator<Row> {
  const records = parseCsv(text, path);
  const header = records.next().value?.cells ?? [];
  const column = (name: string) => header.findIndex((cell) => cell.trim().toLowerCase() === name);
  const [image, map, character, output] = ['image', 'map', 'character', 'output'].map(column) as [
    number,
    number,
    number,
    number,
  ];
  if (image < 0) {
    const expected = 'a first line with the columns image, map, output, character (image at least)';
    throw badInput({ what: 'the manifest has no column "image"', file: path, expected });
  }
  for (const { cells, line } of records) {
    const place = { file: path, where: `, line ${line}` };
    if (cells.slice(header.length).some((cell) => cell.trim() !== '')) {
      throw badInput({
        what: `${cells.length} cells where the first line has ${header.length}`,
        ...place,
        remedy: 'put a cell that holds what parts cells into quotes',
      });
    }
    const file = cells[image]?.trim();
    if (!file) throw badInput({ what: 'no image', ...place, expected: 'a path' });
    yield {
      ...{ image: file, map: cells[map]?.trim() },
      ...{ character: cells[character]?.trim(), output: cells[output]?.trim() },
    };
  }
}
