import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeDeepZoom, writePicture } from '../../tiling/codecs/write-picture.js';
import { outputFolderOf } from '../../tiling/job/output-format.js';
import { isPlaced } from '../../tiling/plan/output-shape.js';
import type { Picture } from '../../tiling/plan/picture.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { AssembledSource } from '../../tiling/stitch/assembled-bytes.js';
import { type MadeEntry, markTree, syncTree } from '../../tiling/stitch/output-tree.js';
import type { PartialPaths } from '../../tiling/stitch/partial.js';
import type { CommittedTile } from '../../tiling/stitch/tile-ledger.js';
import { type AssemblyMeans, assemble, assembledSource, syncFile } from './assemble.js';
import { assembleZarr } from './assemble-zarr.js';

/** A job whose tiles are all committed. */
export interface Committed {
  readonly plan: Plan;
  /** The name that the output gets. */
  readonly output: string;
  readonly paths: PartialPaths;
  /** Folder of this epoch below the partial directory. */
  readonly epoch: string;
  readonly tiles: () => readonly CommittedTile[];
}

/** Where an epoch makes an output that is no single file. */
export function treeFolder({ paths, epoch }: Pick<Committed, 'paths' | 'epoch'>): string {
  return join(paths.directory, `${epoch}-tree`);
}

/**
 * Makes the output of committed tiles in folders of this epoch, so that no run that was taken for dead writes into
 * another's. Returns what is to get which name, the output's own last.
 */
export async function makeOutput(committed: Committed, means: AssemblyMeans): Promise<MadeEntry[]> {
  const { plan, output, paths, epoch, tiles } = committed;
  if (plan.isZarr) {
    const folder = join(treeFolder(committed), 'image.zarr');
    mkdirSync(folder, { recursive: true });
    const resolve = (part: string) => join(paths.directory, part);
    await assembleZarr(
      plan,
      { folder, name: basename(output).replace(/(?:\.ome)?\.zarr$/i, ''), resolve },
      tiles(),
      means,
    );
    if (means.durable) syncTree(folder);
    return [{ from: folder, to: output }];
  }
  const image = isPlaced(plan) ? paths.image : join(paths.directory, epoch, 'image.tif');
  if (!isPlaced(plan)) await assemble(plan, { ...paths, image }, tiles(), means);
  else if (means.durable) syncFile(image);
  return plan.picture === undefined
    ? [{ from: image, to: output }]
    : makePicture(committed, image, plan.picture, means);
}

/** The output of committed tiles as the bytes of one object: of a TIFF its blocks where they lie, without a copy of the whole. */
export async function sourceOf(committed: Committed, means: AssemblyMeans): Promise<AssembledSource> {
  const { plan, paths, tiles } = committed;
  if (plan.picture === undefined && !isPlaced(plan)) return assembledSource(plan, paths, tiles());
  const [{ from }] = (await makeOutput(committed, means)) as [MadeEntry];
  return { kind: 'file', path: from };
}

async function makePicture(
  committed: Committed,
  image: string,
  picture: Picture,
  { durable }: Pick<AssemblyMeans, 'durable'>,
): Promise<MadeEntry[]> {
  const { plan, output, paths, epoch } = committed;
  if (picture.format !== 'dzi') {
    const path = join(paths.directory, epoch, `picture.${picture.format}`);
    await writePicture(image, path, picture, plan.output);
    if (durable) syncFile(path);
    return [{ from: path, to: output }];
  }
  const folder = treeFolder(committed);
  mkdirSync(folder);
  const { file, tiles } = await writeDeepZoom(image, folder, picture, plan.output);
  markTree(tiles);
  if (durable) syncTree(folder);
  return [
    { from: tiles, to: outputFolderOf(output)! },
    { from: file, to: output },
  ];
}
