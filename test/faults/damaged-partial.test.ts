import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { JobResult } from '../../coordinator/index.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { partialPaths, readPartialJob } from '../../tiling/stitch/partial.js';
import { encodeRecord, readRecords } from '../../tiling/stitch/record-log.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { recordedTiles } from '../support/ledger-records.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const image = join(folder, 'image.tif');
/** 81 tiles of the filter, 2 levels in them, and overviews of their own. */
const SIZE = { width: 517, height: 529 };

before(() => {
  const next = noise(7);
  writeTiff(
    image,
    imageOf(SIZE, { dtype: 'uint8', channels: 3 }, () => next(256)),
    { tile: 64 },
  );
});

type Codec = 'none' | 'deflate';

function jobOf(codec: Codec, name: string): JobSpecInput {
  const operations = [{ name: 'box', params: { radius: 3 } }];
  return { image, output: join(folder, `${name}.tif`), operations, tile: 64, block: 32, compression: { codec } };
}

/** What an undisturbed run gives, and what a run that was interrupted after 40 tiles leaves. */
async function interrupted(
  codec: Codec,
): Promise<{ spec: JobSpecInput; bytes: Buffer; whole: JobResult; left: string }> {
  const whole = await runEngine(jobOf(codec, `whole-${codec}`));
  const spec = jobOf(codec, `cut-${codec}`);
  const interrupt = new AbortController();
  const onProgress = ({ tilesDone }: { tilesDone: number }) => {
    if (tilesDone >= 40) interrupt.abort();
  };
  await assert.rejects(runEngine(spec, { signal: interrupt.signal, onProgress }), { tag: 'interrupted' });
  const left = join(folder, `left-${codec}`);
  rmSync(left, { recursive: true, force: true });
  renameSync(partialPaths(spec.output).directory, left);
  return { spec, whole, left, bytes: readFileSync(join(folder, `whole-${codec}.tif`)) };
}

type Json = Record<string, unknown>;
type StoredJob = Json & { readonly pinned: Json; readonly shape: Json };

/** Changes `job.json` as one would by hand, its own checksum left as it is, or made anew. */
function edited(change: (job: StoredJob) => Json, seal?: 'sealed'): (directory: string) => void {
  return (directory) => {
    const path = join(directory, 'job.json');
    const { crc, ...job } = change(JSON.parse(readFileSync(path, 'utf8')));
    writeFileSync(path, JSON.stringify({ ...job, crc: seal ? crc32(inOrder(job)).toString(16) : crc }));
  };
}

const pinning = (pins: Json, seal?: 'sealed') =>
  edited((job) => ({ ...job, pinned: { ...job.pinned, ...pins } }), seal);

/** JSON with keys in order. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_key, item) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([first], [second]) => (first < second ? -1 : 1)))
      : item,
  );
}

/** Another job.json altogether, its length in bytes. */
const replaced = (content: string) => (directory: string) => writeFileSync(join(directory, 'job.json'), content);

const LEDGER = join('epoch-000001', 'ledger');

/** Writes a record into the ledger with its right checksum. */
const recorded = (change: (tile: Json) => unknown) => (directory: string) => {
  const path = join(directory, LEDGER);
  const tile = readRecords(path).records.at(-1) as Json;
  appendFileSync(path, encodeRecord(change({ ...tile }) as object));
};

function damageOf(file: string, change: (path: string) => void) {
  return (directory: string) => change(join(directory, file));
}

/** Damages that leave only a computation to repeat: the same pixels come out, whatever was kept. */
const DAMAGES: Readonly<Record<string, (directory: string) => void>> = {
  'an empty job.json': replaced(''),
  'half a job.json': (directory) => truncateSync(join(directory, 'job.json'), 90),
  'a job.json that is null': replaced('null'),
  'a job.json that is a number': replaced('7'),
  'a job.json that is a list': replaced('[]'),
  'a job.json without pins': edited(({ pinned: _, ...rest }) => rest),
  'a job.json without a digest': edited(({ digest: _, ...rest }) => rest),
  'a pinned tile below 0': pinning({ tileSide: -512 }),
  'a pinned tile of 0': pinning({ tileSide: 0 }),
  'a pinned tile that is text': pinning({ tileSide: '64' }),
  'a pinned tile of another size': pinning({ tileSide: 128 }),
  'a pinned block of another size': pinning({ block: 16 }),
  'a pinned tile below 0, checksum and all': pinning({ tileSide: -512 }, 'sealed'),
  'a pinned tile of another size, checksum and all': pinning({ tileSide: 128 }, 'sealed'),
  'another backend': pinning({ boundedBackend: 'abacus' }),
  'a shape of no levels': edited((job) => ({ ...job, shape: { ...job.shape, levels: [] } })),
  'no ledger': (directory) => rmSync(join(directory, LEDGER)),
  'an empty ledger': (directory) => truncateSync(join(directory, LEDGER), 0),
  'a ledger of nonsense': (directory) => writeFileSync(join(directory, LEDGER), 'nonsense\n'.repeat(50)),
  'a record that is no JSON': (directory) => appendFileSync(join(directory, LEDGER), '7ef19e9b {"type":\n'),
  'a record without blocks': recorded(({ blocks: _, ...rest }) => rest),
  'a record of no blocks': recorded((tile) => ({ ...tile, blocks: [] })),
  'a record of an unknown type': recorded((tile) => ({ ...tile, type: 'tiles' })),
  'a record of a stage that is not there': recorded((tile) => ({ ...tile, stage: 9 })),
  'a record of a tile that is not there': recorded((tile) => ({ ...tile, tileIndex: 1e6 })),
  'a record of a tile below 0': recorded((tile) => ({ ...tile, tileIndex: -1 })),
  'a record with the blocks of another tile': recorded((tile) => ({ ...tile, tileIndex: 80 })),
  'a record of a part elsewhere': recorded((tile) => ({ ...tile, part: '../../image.tif' })),
  'a first record of nonsense': (directory) => {
    mkdirSync(join(directory, 'epoch-000002'));
    writeFileSync(join(directory, 'epoch-000002', 'ledger'), encodeRecord({ type: 'adopt', epochs: 'all' }));
  },
  'an epoch of an endless number': (directory) => mkdirSync(join(directory, `epoch-${'9'.repeat(40)}`)),
  'a ledger that is a folder': (directory) => {
    rmSync(join(directory, LEDGER));
    mkdirSync(join(directory, LEDGER));
  },
  'a ledger that is a FIFO': (directory) => {
    rmSync(join(directory, LEDGER));
    execFileSync('mkfifo', [join(directory, LEDGER)]);
  },
  'a job.json that is a folder': (directory) => {
    rmSync(join(directory, 'job.json'));
    mkdirSync(join(directory, 'job.json'));
  },
};

/** Of an uncompressed output, whose blocks lie in the file itself. */
const PLACED: typeof DAMAGES = {
  'no image.tif': damageOf('image.tif', (path) => rmSync(path)),
  'an empty image.tif': damageOf('image.tif', (path) => truncateSync(path, 0)),
  'half an image.tif': damageOf('image.tif', (path) => truncateSync(path, statSync(path).size >> 1)),
  'an image.tif of zeros': damageOf('image.tif', (path) => writeFileSync(path, Buffer.alloc(statSync(path).size))),
  'a byte of image.tif, anywhere': damageOf('image.tif', (path) => {
    const bytes = readFileSync(path);
    for (let at = 5000; at < bytes.length; at += 20_011) bytes[at]! ^= 0x40;
    writeFileSync(path, bytes);
  }),
};

/** Of a compressed one: part files that are shorter than their ledger says. */
const PARTS: typeof DAMAGES = {
  'no part files': (directory) => eachPart(directory, (path) => rmSync(path)),
  'part files that were cut': (directory) =>
    eachPart(directory, (path) => truncateSync(path, statSync(path).size >> 1)),
  'empty part files': (directory) => eachPart(directory, (path) => truncateSync(path, 0)),
};

function eachPart(directory: string, change: (path: string) => void): void {
  const epoch = join(directory, 'epoch-000001');
  const parts = readdirSync(epoch).filter((name) => name.startsWith('part-'));
  assert.ok(parts.length > 0);
  for (const part of parts) change(join(epoch, part));
}

for (const codec of ['none', 'deflate'] as const) {
  test(`whatever is damaged in OUT.partial, the pixels are right, ${codec}`, async (t) => {
    const { spec, bytes, whole, left } = await interrupted(codec);
    const { directory } = partialPaths(spec.output);
    const arranged = (damage: (directory: string) => void) => {
      rmSync(spec.output, { force: true });
      rmSync(directory, { recursive: true, force: true });
      cpSync(left, directory, { recursive: true });
      damage(directory);
    };

    arranged(() => {});
    const kept = recordedTiles(directory).length;
    assert.equal((await runEngine(spec)).tiles.resumed, kept, 'what is whole is kept');

    for (const [name, damage] of Object.entries({ ...DAMAGES, ...(codec === 'none' ? PLACED : PARTS) })) {
      await t.test(name, async () => {
        arranged(damage);
        const result = await runEngine(spec);
        assert.equal(result.crc, whole.crc);
        assert.ok(readFileSync(spec.output).equals(bytes));
        assert.equal(existsSync(directory), false);
      });
    }

    await t.test('links in the place of our files lead nowhere', async () => {
      const keepsake = join(folder, 'keepsake');
      for (const name of ['image.tif', 'job.json', 'job.json.new', LEDGER, join('epoch-000001', 'part-x')]) {
        arranged((partial) => {
          writeFileSync(keepsake, 'precious');
          rmSync(join(partial, name), { force: true });
          symlinkSync(keepsake, join(partial, name));
        });
        await runEngine(spec);
        assert.ok(readFileSync(spec.output).equals(bytes), name);
        assert.equal(readFileSync(keepsake, 'latin1'), 'precious', name);
      }
    });
  });
}

test('what an earlier release left is refused until --restart discards it', async () => {
  const { spec, bytes, left } = await interrupted('deflate');
  const paths = partialPaths(spec.output);
  cpSync(left, paths.directory, { recursive: true });
  rmSync(paths.mark);
  const { crc: _, ...job } = JSON.parse(readFileSync(paths.job, 'utf8'));
  writeFileSync(paths.job, JSON.stringify({ ...job, format: 1 }, undefined, 2));
  await assert.rejects(runEngine(spec), { tag: 'partial-conflict', message: /--restart/ });
  assert.throws(() => readPartialJob(paths), { tag: 'partial-conflict' });
  await runEngine(spec, { restart: 'any' });
  assert.ok(readFileSync(spec.output).equals(bytes));
});
