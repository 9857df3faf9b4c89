import { type ImageChain, imageJobOf } from '../../tiling/job/dataset-spec.js';
import { chainFiles } from '../../tiling/operations/parameter-files.js';
import { checkModules } from '../../tiling/plan/checked-modules.js';
import { makePlan } from '../../tiling/plan/make-plan.js';
import { plannedMapMax } from '../../tiling/plan/map-max.js';
import { type Mapping, mappedValue, mappingOver } from '../../tiling/plan/mapping.js';
import { readParameterFile } from '../../tiling/plan/parameter-file.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { checkModuleApart } from '../kernels/custom/check-apart.js';
import { refusal } from '../kernels/reference/map-values.js';
import { runInMemory } from '../tile/run-in-memory.js';
import { layoutOf, type Picture, readHead, readPicture, sourceOf } from './picture.js';

/** What a frame's tiles may take: frames are small, and threads many. */
const MACHINE = { threads: 1, memoryBytes: 512 * 2 ** 20 };

/** One frame at a time needs one backend's memory. */
let busy: Promise<unknown> = Promise.resolve();

/**
 * A held image after its chain, as an image job would give it, without a file between: the same plan, tiles and
 * kernels. Calls wait for each other.
 * @throws HalotileError as the image job would
 */
export function runFrameChain(chain: ImageChain, image: Picture, map: Picture | undefined): Promise<Picture> {
  const done = busy.then(() => filtered(chain, image, map));
  busy = done.catch(() => {});
  return done;
}

async function filtered(chain: ImageChain, image: Picture, map: Picture | undefined): Promise<Picture> {
  const spec = imageJobOf(chain, { image: image.path, map: map?.path, output: '' });
  const extras = await readExtras(chain);
  const inputOf = (picture: Picture) => ({
    path: picture.path,
    info: picture.info,
    layout: layoutOf(picture.info),
  });
  const byMap = resolveOperations(spec.operations, { map: map !== undefined }).filter((operation) => operation.byMap);
  const scanned =
    map === undefined || byMap.length === 0 ? undefined : largestValue(map, mappingOver(chain.mapping, map.info));
  const plan = makePlan(
    spec,
    {
      image: inputOf(image),
      map: map === undefined ? undefined : inputOf(map),
      extras: extras.map(inputOf),
      scannedMax: scanned === undefined ? undefined : plannedMapMax(byMap, scanned),
      readFile: readParameterFile,
      modules: await checkModules(chain.operations, checkModuleApart),
    },
    MACHINE,
  );
  const sources = {
    image: sourceOf(image),
    map: map && sourceOf(map),
    extras: Object.fromEntries(extras.map((extra) => [extra.path, sourceOf(extra)])),
  };
  const { samples } = await runInMemory(plan, sources, { nowMs: () => 0, memoryBytes: MACHINE.memoryBytes });
  return { path: image.path, info: plan.output, samples };
}

/** The images that operations name in their parameters. */
async function readExtras({ operations }: ImageChain): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const path of chainFiles(operations, 'image')) pictures.push(await readPicture(path, await readHead(path)));
  return pictures;
}

function largestValue({ path, info, samples }: Picture, mapping: Mapping): number {
  let max = 0;
  for (let pixel = 0; pixel < info.width * info.height; pixel++) {
    const sample = samples[pixel * info.channels]!;
    const value = mappedValue(mapping, sample);
    if (value === undefined) {
      const at = { x: pixel % info.width, y: Math.floor(pixel / info.width) };
      throw refusal(sample, { file: path, where: ': map', pixel: at }, mapping);
    }
    if (value > max) max = value;
  }
  return max;
}
