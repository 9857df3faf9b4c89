import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import sharp from 'sharp';
import { runDataset } from '../../coordinator/index.js';
import { type DatasetSpec, type DatasetSpecInput, datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { ThreadPoolExecutor } from '../../worker/index.js';

const FRAME = { width: 60, height: 80 };
const LARGE = { width: 500, height: 420 };
/** Between the two, so that one image of the dataset is never held whole. */
const WHOLE = 100_000;

/** A shaded disc on clear ground. */
function figure({ width, height }: typeof FRAME, index: number): Uint8Array {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const distance = Math.hypot((x - width / 2 - (index % 9)) / width, (y - height / 2) / height);
      if (distance > 0.45) continue;
      const band = Math.floor(distance * 12);
      rgba.set([(band * 53 + index * 11) % 256, (band * 31 + 20) % 256, 255 - band * 20, 255], (y * width + x) * 4);
    }
  }
  return rgba;
}

function radii({ width, height }: typeof FRAME): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, pixel) => ((pixel % width) * 5) / width);
}

/** Characters of `frames` frames each below `root`, the last one with a large TIFF too, in `list.csv`. */
export async function makeDataset(root: string, characters: readonly string[], frames: number): Promise<void> {
  const rows = ['image,map,character'];
  const map = sharp(radii(FRAME), { raw: { ...FRAME, channels: 1 } }).toColourspace('b-w');
  mkdirSync(root, { recursive: true });
  await map.png().toFile(join(root, 'map.png'));
  for (const [number, character] of characters.entries()) {
    for (let index = 0; index < frames; index++) {
      const image = `${character}/${String(index).padStart(3, '0')}.png`;
      mkdirSync(dirname(join(root, image)), { recursive: true });
      writeFileSync(join(root, image), encodeRgbaPng(figure(FRAME, index + number * 7), FRAME));
      rows.push(`${image},map.png,${character}`);
    }
  }
  const last = characters.at(-1)!;
  await sharp(figure(LARGE, 3), { raw: { ...LARGE, channels: 4 } })
    .tiff({ compression: 'deflate', tile: true, tileWidth: 128, tileHeight: 128 })
    .toFile(join(root, last, 'sheet.tif'));
  await sharp(radii(LARGE), { raw: { ...LARGE, channels: 1 } })
    .toColourspace('b-w')
    .tiff({ tile: true })
    .toFile(join(root, 'large-map.tif'));
  rows.push(`${last}/sheet.tif,large-map.tif,${last}`);
  writeFileSync(join(root, 'list.csv'), `${rows.join('\n')}\n`);
}

/** A blur by map and a downscale of `frames`, then the palettes. */
export function datasetSpec(frames: string, output: string, more: Partial<DatasetSpecInput> = {}): DatasetSpec {
  return datasetSpecSchema.parse({
    ...{ frames: [frames], output, size: '30x40', wholePixels: WHOLE },
    operations: [{ name: 'box' }, { name: 'gamma', params: { gamma: 0.8 } }],
    ...more,
  });
}

/** Runs a dataset job in this process. */
export async function runHere(job: DatasetSpec): Promise<void> {
  const machine = { threads: 2, memoryBytes: 512 * 2 ** 20 };
  const executor = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name: `here-${process.pid}` });
  try {
    await runDataset({ job, executor, machine, nowSeconds: () => performance.now() / 1000 });
  } finally {
    await executor.close();
  }
}

/** Every file below a folder but the reports, which hold times, and the ledgers. */
export function outputsOf(root: string): Map<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const kept = paths.filter((path) => !path.startsWith('.halotile') && !path.startsWith('report.'));
  return new Map(kept.sort().map((path) => [path, readFileSync(join(root, path)).toString('base64')]));
}
