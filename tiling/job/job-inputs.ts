import type { FileKind } from '../operations/index.js';
import { placeFiles } from '../operations/parameter-files.js';
import { type DatasetSpec, isDatasetSpec } from './dataset-spec.js';
import type { JobSpec } from './job-spec.js';

/** What a job reads: a file, or the folder, pattern or manifest that its frames are found by. */
export interface JobInput {
  /** Where the job names it, as in `images[2].map` or `operations[0].params.table`. */
  readonly field: string;
  readonly kind: FileKind | 'map' | 'frames';
  readonly path: string;
}

/** Everything that a job names to read, in the order of its fields. What it writes is not among them. */
export function inputsOf(spec: JobSpec | DatasetSpec): JobInput[] {
  const inputs: JobInput[] = [];
  placeInputs(spec, (input) => {
    inputs.push(input);
    return input.path;
  });
  return inputs;
}

/** The paths of {@link inputsOf}, each once. */
export function inputPaths(spec: JobSpec | DatasetSpec): string[] {
  return [...new Set(inputsOf(spec).map(({ path }) => path))];
}

/**
 * The job with another path for each of its inputs. This is the one list of them: whatever is to be done with what a
 * job reads (find it, send it, fingerprint it, allow it) goes through here.
 */
export function placeInputs<S extends JobSpec | DatasetSpec>(spec: S, place: (input: JobInput) => string): S {
  const images = ({ image, map }: { readonly image: string; readonly map?: string }, prefix = '') => ({
    image: place({ field: `${prefix}image`, kind: 'image', path: image }),
    ...(map !== undefined && { map: place({ field: `${prefix}map`, kind: 'map', path: map }) }),
  });
  const own = isDatasetSpec(spec)
    ? {
        frames: spec.frames.map((path, index) => place({ field: `frames[${index}]`, kind: 'frames', path })),
        images: spec.images.map((each, index) => ({ ...each, ...images(each, `images[${index}].`) })),
        ...(spec.target !== undefined && { target: place({ field: 'target', kind: 'palette', path: spec.target }) }),
      }
    : images(spec);
  const operations = placeFiles(spec.operations, ({ param, kind, path }, index) =>
    place({ field: `operations[${index}].params.${param}`, kind, path }),
  );
  return { ...spec, ...own, operations };
}
