import type { FileKind } from '../operations/index.js';
import { placeFiles } from '../operations/parameter-files.js';
import { type AnyJobSpec, isCollectionSpec } from './collection-spec.js';
import { isDatasetSpec } from './dataset-spec.js';

/** What a job reads: a file, the folder, pattern or manifest that its images are found by, or how their maps are called. */
export interface JobInput {
  /** Where the job names it, as in `images[2].map` or `operations[0].params.table`. */
  readonly field: string;
  readonly kind: FileKind | 'map' | 'frames' | 'template';
  readonly path: string;
}

/** Everything that a job names to read, in the order of its fields. What it writes is not among them. */
export function inputsOf(spec: AnyJobSpec): JobInput[] {
  const inputs: JobInput[] = [];
  placeInputs(spec, (input) => {
    inputs.push(input);
    return input.path;
  });
  return inputs;
}

/** The paths of {@link inputsOf}, each once. */
export function inputPaths(spec: AnyJobSpec): string[] {
  return [...new Set(inputsOf(spec).map(({ path }) => path))];
}

/**
 * The job with another path for each of its inputs. This is the one list of them: whatever is to be done with what a
 * job reads (find it, send it, fingerprint it, allow it) goes through here.
 */
export function placeInputs<S extends AnyJobSpec>(spec: S, place: (input: JobInput) => string): S {
  const images = ({ image, map }: { readonly image: string; readonly map?: string }, prefix = '') => ({
    image: place({ field: `${prefix}image`, kind: 'image', path: image }),
    ...(map !== undefined && { map: place({ field: `${prefix}map`, kind: 'map', path: map }) }),
  });
  const measured = <M extends { readonly images: readonly string[] }>(measure: M) => ({
    ...measure,
    images: measure.images.map((path, index) => {
      return place({ field: `measure.images[${index}]`, kind: isCollectionSpec(spec) ? 'template' : 'image', path });
    }),
  });
  const own = isCollectionSpec(spec)
    ? {
        images: spec.images.map((each, index) => {
          const field = `images[${index}]`;
          if (typeof each === 'string') return place({ field, kind: 'frames', path: each });
          return { ...each, ...images(each, `${field}.`) };
        }),
        ...(spec.map !== undefined && { map: place({ field: 'map', kind: 'template', path: spec.map }) }),
      }
    : isDatasetSpec(spec)
      ? {
          frames: spec.frames.map((path, index) => place({ field: `frames[${index}]`, kind: 'frames', path })),
          images: spec.images.map((each, index) => ({ ...each, ...images(each, `images[${index}].`) })),
          ...(spec.target !== undefined && { target: place({ field: 'target', kind: 'palette', path: spec.target }) }),
        }
      : images(spec);
  const ofLabels = 'measure' in spec && spec.measure !== undefined && { measure: measured(spec.measure) };
  const operations = placeFiles(spec.operations, ({ param, kind, path }, index) =>
    place({ field: `operations[${index}].params.${param}`, kind, path }),
  );
  if (!('mapOperations' in spec) || spec.mapOperations === undefined)
    return { ...spec, ...own, ...ofLabels, operations };
  const mapOperations = placeFiles(spec.mapOperations, ({ param, kind, path }, index) =>
    place({ field: `mapOperations[${index}].params.${param}`, kind, path }),
  );
  return { ...spec, ...own, ...ofLabels, operations, mapOperations };
}

/**
 * The job with another path for what it writes, and for each output that a collection's images have of their own.
 */
export function placeOutputs<S extends AnyJobSpec>(spec: S, place: (path: string, field: string) => string): S {
  const output = place(spec.output, 'output');
  if (!isCollectionSpec(spec)) return { ...spec, output };
  const images = spec.images.map((each, index) => {
    if (typeof each === 'string' || each.output === undefined) return each;
    return { ...each, output: place(each.output, `images[${index}].output`) };
  });
  return { ...spec, output, images };
}
