import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contest } from '../contest.js';
import { scene } from '../inputs.js';
import type { Section } from '../report.js';
import { type BenchOptions, jobRun, rowOf } from '../rows.js';

/** What a store far away takes to answer. */
const PAUSE_MS = 50;

/** Inputs behind a store that answers late, against the same on the disk: tiled TIFF, and OME-Zarr of sharded chunks. */
export async function places({ work, side, rounds }: BenchOptions): Promise<Section> {
  const pair = await scene(work, side);
  const output = join(work, 'out.tif');
  const flags = ['--op', 'box:radius=16', '--no-overviews'];
  for (const name of ['packed.tif', 'packed.zarr']) {
    const copy = jobRun('copy', ['process', pair.image, '--op', 'box:radius=0'], join(work, name), ['--no-overviews']);
    contest([{ ...copy, outputs: [] }], { rounds: 1, warmUp: false, inputs: [] });
  }
  const { server, url } = await slowStore(work);
  try {
    const rows = ['packed.tif', 'packed.zarr'].map((name) => {
      const [far, near] = contest(
        [
          jobRun('far', ['process', `${url}/${name}`], output, flags),
          jobRun('near', ['process', join(work, name)], output, flags),
        ],
        { rounds, warmUp: true, inputs: [] },
      );
      return rowOf(`${name} after ${PAUSE_MS} ms / on the disk`, far!, near!, '≤ 1.5');
    });
    return {
      title: 'Inputs behind a slow store',
      columns: ['what', 'store', 'disk', 'ratio (paired)', 'ratio (best)', 'of processor time', 'target'],
      lines: rows.map(({ what, ours, peer, ratio, best, processor, target }) => [
        what,
        ours,
        peer,
        ratio,
        best,
        processor,
        target,
      ]),
    };
  } finally {
    server.kill();
  }
}

async function slowStore(folder: string): Promise<{ readonly server: ChildProcess; readonly url: string }> {
  const program = fileURLToPath(new URL('./slow-store.js', import.meta.url));
  const server = spawn(process.execPath, [program, folder, `${PAUSE_MS}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(server.stdout!, 'data')) as [Buffer];
  return { server, url: `http://127.0.0.1:${port.toString().trim()}` };
}
