import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layOutRawTiff, TILE } from '../../cli/demo/raw-tiff.js';
import { runLocally } from '../../library/local-run.js';
import { type JobSpec, type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';

/** Sides of the test image: several tiles, none of them whole at the edges. */
export const SCENE = { width: 1400, height: 1100 } as const;

/** Writes an uncompressed tiled TIFF whose samples are a function of the place. */
function writeRaw(path: string, channels: 1 | 3, sample: (x: number, y: number, channel: number) => number): void {
  const { header, tileBytes, fileBytes } = layOutRawTiff(SCENE, channels, 'test scene');
  const bytes = new Uint8Array(fileBytes);
  bytes.set(header);
  const across = Math.ceil(SCENE.width / TILE);
  const tiles = (fileBytes - header.length) / tileBytes;
  for (let tile = 0; tile < tiles; tile++) {
    for (let i = 0; i < TILE * TILE; i++) {
      const x = (tile % across) * TILE + (i % TILE);
      const y = Math.floor(tile / across) * TILE + Math.floor(i / TILE);
      for (let c = 0; c < channels; c++) bytes[header.length + tile * tileBytes + i * channels + c] = sample(x, y, c);
    }
  }
  writeFileSync(path, bytes);
}

/** Makes raw.tif, deflate.tif (the same pixels) and map.tif in a new directory. */
export async function makeScene(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const at = (name: string) => join(directory, name);
  writeRaw(at('raw.tif'), 3, (x, y, c) => (x * 7 + y * 13 + c * 101 + ((x * y) >> 4)) & 255);
  writeRaw(at('map.tif'), 1, (x, y) => (x >> 6) + (y >> 7));
  const operations = [{ name: 'box', params: { radius: 0 } }];
  await local({ image: at('raw.tif'), output: at('deflate.tif'), operations, block: 256, overviews: false });
}

/** Runs a job on threads of this process: the oracle of what a cluster must write. */
export async function local(spec: JobSpecInput): Promise<string> {
  const { crc } = await runLocally(jobSpecSchema.parse(spec), { machine: MACHINE });
  return crc;
}

export const MACHINE = { threads: 2, memoryBytes: 512 << 20 } as const;

/** The blur of a scene in small tiles, inputs and output named by `place`. */
export function blurSpec(
  place: (name: string) => string,
  output: string,
  options: Partial<JobSpecInput> = {},
): JobSpec {
  return jobSpecSchema.parse({
    ...{ image: place('deflate.tif'), map: place('map.tif'), output, operations: [{ name: 'box' }] },
    ...{ tile: 256, block: 128, ...options },
  });
}
