import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { isLoopback, REPORT_FILES } from '../../coordinator/index.js';
import type { ShownPicture } from '../../coordinator/web/shown-server.js';
import { badInput, badUsage } from '../../tiling/errors.js';
import { inspectFile } from '../../tiling/sources/inspect.js';
import { partialPaths } from '../../tiling/stitch/partial.js';
import { isZarrFolder } from '../../tiling/zarr/zarr-folder.js';
import { collect } from '../config/collect.js';
import { terminated } from './serve.js';

interface ViewFlags {
  readonly listen: string;
  readonly image?: string;
  readonly map?: string;
  readonly webOrigin: readonly string[];
}

/** What is shown together. */
interface Shown {
  readonly title: string;
  readonly pictures: readonly ShownPicture[];
  readonly report?: string;
}

const PARTIAL = '.partial';
const PICTURE = /\.(?:tiff?|gtiff?|btf|tf8|png|jpe?g|webp)$/i;
/** Pictures of a folder that can be chosen from. */
const MAX_PICTURES = 1000;
const [REPORT_HTML] = REPORT_FILES;

/** `halotile view FILE|OUT.partial|REPORT`: looks at images of this machine with a browser. */
export function registerView(program: Command): void {
  program
    .command('view')
    .argument(
      '<path>',
      'an image, OUT.tif.partial of a job (or the OUT.tif to be), a report or the folder that holds it',
    )
    .option('--image <file>', 'the input, to compare with')
    .option('--map <file>', 'its map')
    .option('--listen <address>', 'HOST:PORT of this machine', '127.0.0.1:0')
    .option('--web-origin <origin>', 'site whose pages may read the images, as https://HOST; repeat it', collect, [])
    .action(view);
}

async function view(path: string, flags: ViewFlags): Promise<void> {
  if (!isLoopback(flags.listen)) {
    throw badUsage({
      what: 'anybody who reaches this address could see the images',
      where: `--listen ${flags.listen}`,
      expected: 'an address of this machine alone, as 127.0.0.1:8080',
      remedy: 'halotile serve --web has tokens',
    });
  }
  const { title, pictures, report } = await shownAt(resolve(path), flags);
  const { ShownServer } = await import('../../coordinator/web/shown-server.js');
  const server = await ShownServer.start({
    ...{ listen: flags.listen, title, pictures, report, origins: flags.webOrigin },
    scratchDirectory: mkdtempSync(join(tmpdir(), 'halotile-view-')),
    clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
    log: (line) => process.stderr.write(`${line}\n`),
  });
  const host = flags.listen.slice(0, flags.listen.lastIndexOf(':'));
  const url = `http://${host}:${server.port}`;
  const lines = [`${title}: ${url}/`];
  for (const { id, label } of server.names.slice(0, 3))
    lines.push(`${label}: ${url}/iiif/${id}/info.json, ${url}/xyz/${id}/{z}/{x}/{y}.png`);
  process.stdout.write(`${lines.join('\n')}\n`);
  await terminated();
  await server.close();
}

/** @throws bad-input where there is nothing to show, or a file that is named is no image */
async function shownAt(path: string, flags: ViewFlags): Promise<Shown> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    if (existsSync(partialPaths(path).job)) return unfinishedAt(`${path}${PARTIAL}`);
    throw badInput({ what: 'there is no such file or directory', file: path });
  }
  if (stat.isDirectory() && !isZarrFolder(path)) return path.endsWith(PARTIAL) ? unfinishedAt(path) : folderAt(path);
  if (REPORT_FILES.some((name) => name === basename(path))) return folderAt(dirname(path));
  const pictures: ShownPicture[] = [];
  if (flags.image !== undefined) pictures.push({ ...file(resolve(flags.image)), role: 'input' });
  if (flags.map !== undefined) pictures.push({ ...file(resolve(flags.map)), role: 'map' });
  pictures.push({ ...file(path), role: pictures.length === 0 ? 'file' : 'output' });
  // Of a folder, what cannot be read says so when it is chosen.
  for (const picture of pictures) await inspectFile(picture.path);
  return { title: basename(path), pictures };
}

const jobFile = z.looseObject({
  about: z.looseObject({ spec: z.looseObject({ image: z.string(), map: z.string().optional() }) }),
});

/** An unfinished output with the input and map that its job names. */
function unfinishedAt(directory: string): Shown {
  const output = directory.slice(0, -PARTIAL.length);
  const { job } = partialPaths(output);
  if (!existsSync(job)) {
    throw badInput({ what: 'no unfinished job is here', file: directory, expected: 'an OUT.partial directory' });
  }
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(job, 'utf8'));
  } catch {
    content = undefined;
  }
  const spec = jobFile.safeParse(content).data?.about.spec;
  const pictures: ShownPicture[] = [];
  if (spec !== undefined && existsSync(spec.image)) pictures.push({ ...file(spec.image), role: 'input' });
  if (spec?.map !== undefined && existsSync(spec.map)) pictures.push({ ...file(spec.map), role: 'map' });
  pictures.push({ label: basename(output), path: output, unfinished: true, role: 'output' });
  return { title: basename(output), pictures };
}

/** A report, and the pictures beside it. */
function folderAt(folder: string): Shown {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() &&
        PICTURE.test(entry.name) &&
        !/(?:^|\/)\.|\.partial(?:\/|$)/.test(entry.parentPath.slice(folder.length)),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .slice(0, MAX_PICTURES);
  const report = join(folder, REPORT_HTML);
  const has = existsSync(report);
  if (!has && names.length === 0) {
    throw badInput({ what: 'the folder holds no report and no images', file: folder, expected: REPORT_HTML });
  }
  const pictures = names.map(
    (path): ShownPicture => ({ ...file(path), label: path.slice(folder.length + 1), role: 'file' }),
  );
  return { title: basename(folder), pictures, ...(has && { report }) };
}

function file(path: string) {
  return { label: basename(path), path, unfinished: false };
}
