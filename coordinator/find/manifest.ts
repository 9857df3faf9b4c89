import { readFileSync } from 'node:fs';
import { dirname, extname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { badInput } from '../../tiling/errors.js';
import { parseYamlText } from '../../tiling/job/yaml-text.js';

/** Endings of files that are read as manifests. */
export const MANIFEST_ENDINGS = ['.csv', '.yaml', '.yml', '.json'] as const;

const row = z.object({
  image: z.string().min(1),
  map: z.string().optional(),
  character: z.string().optional(),
  output: z.string().optional(),
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
 * CSV (RFC 4180; commas, semicolons or tabs) with these columns in any order, or a YAML or JSON list, bare or under `images`. Paths are
 * relative to the manifest.
 * @throws HalotileError bad-input
 */
export function* readManifest(path: string): Generator<ManifestRow> {
  const text = readText(path);
  const folder = dirname(path);
  const resolve = (file: string) => (isAbsolute(file) ? file : join(folder, file)).replace(/\/+$/, '');
  const rows = extname(path).toLowerCase() === '.csv' ? csvRows(text, path) : yamlRows(text, path);
  for (const { image, map, character, output } of rows) {
    yield {
      ...{ image: resolve(image), written: image },
      ...(map && { map: resolve(map) }),
      ...(output && { output: resolve(output) }),
      ...(character && { character }),
    };
  }
}

type Row = z.output<typeof row>;

function readText(path: string): string {
  try {
    return decodeText(readFileSync(path)).replace(/^\uFEFF/, '');
  } catch (cause) {
    throw badInput({ what: 'the manifest cannot be read', where: path, expected: 'a readable file' }, cause);
  }
}

/** UTF-8, or UTF-16 where a byte order mark says so, as spreadsheets save it. */
function decodeText(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return bytes.toString('utf8');
}

function yamlRows(text: string, path: string): Row[] {
  let value: unknown;
  try {
    value = parseYamlText(text);
  } catch (cause) {
    const what = `the manifest is no YAML (${cause instanceof Error ? cause.message : cause})`;
    throw badInput({ what, where: path }, cause);
  }
  const rows = rowList.safeParse(value);
  if (rows.success) return rows.data;
  throw badInput({
    what: 'the manifest is no list of images',
    where: path,
    expected: 'a list of {image, map, output, character}, bare or under "images"',
  });
}

function* csvRows(text: string, path: string): Generator<Row> {
  const records = parseCsv(text);
  const header = records.next().value ?? [];
  const column = (name: string) => header.findIndex((cell) => cell.trim().toLowerCase() === name);
  const [image, map, character, output] = ['image', 'map', 'character', 'output'].map(column) as [
    number,
    number,
    number,
    number,
  ];
  if (image < 0) {
    const expected = 'a first line with the columns image, map, output, character (image at least)';
    throw badInput({ what: 'the manifest has no column "image"', where: path, expected });
  }
  let record = 0;
  for (const cells of records) {
    record++;
    const file = cells[image]?.trim();
    if (!file) throw badInput({ what: 'no image', where: `${path}, record ${record}`, expected: 'a path' });
    yield {
      ...{ image: file, map: cells[map]?.trim() },
      ...{ character: cells[character]?.trim(), output: cells[output]?.trim() },
    };
  }
}

/**
 * RFC 4180: cells parted by commas, quoted where they hold commas, quotes (doubled) or line ends; no empty records. A
 * quote within an unquoted cell is one of its characters. Semicolons or tabs part cells where the first line has them
 * instead, as spreadsheets of many countries write it.
 */
function* parseCsv(text: string): Generator<readonly string[], undefined> {
  const first = /^[^\r\n]*/.exec(text)![0];
  const comma = [',', ';', '\t'].find((each) => first.includes(each)) ?? ',';
  const cell = new RegExp(`(^|${comma}|\\r?\\n)(?:"((?:[^"]|"")*)"(?=${comma}|\\r?\\n|$)|([^${comma}\\r\\n]*))`, 'g');
  let record: string[] = [];
  const isFilled = () => record.some((each) => each.trim() !== '');
  for (const [, separator, quoted, bare] of text.matchAll(cell)) {
    if (separator !== comma) {
      if (isFilled()) yield record;
      record = [];
    }
    record.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
  }
  if (isFilled()) yield record;
}
