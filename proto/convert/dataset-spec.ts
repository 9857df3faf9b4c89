import { type DatasetSpec, datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import type { halotile } from '../gen/messages.js';
import { type FieldViolation, plainChain, present, violation, writeChain } from './job-spec.js';

/** Either a checked dataset job or everything that is wrong with it. */
export type DatasetReading =
  | { readonly ok: true; readonly spec: DatasetSpec }
  | { readonly ok: false; readonly violations: readonly FieldViolation[] };

/**
 * The dataset job of a proto message, checked by the same schema as a job file. Fields that a message lacks take
 * the schema's defaults.
 */
export function readDatasetSpec(message: halotile.v1.IDatasetSpec): DatasetReading {
  const { images, size, palette, ...rest } = message;
  const set = (value: object | null | undefined) =>
    value === null || value === undefined ? undefined : present(value);
  const plain = { ...plainChain(rest), images: images?.map(present), size: set(size), palette: set(palette) };
  const parsed = datasetSpecSchema.safeParse(present(plain));
  if (parsed.success) return { ok: true, spec: parsed.data };
  return { ok: false, violations: parsed.error.issues.map(violation) };
}

/** The proto message of a dataset job: what {@link readDatasetSpec} turns back into an equal spec. */
export function writeDatasetSpec(spec: DatasetSpec): halotile.v1.IDatasetSpec {
  const { nodata, operations, size, ...rest } = spec;
  return { ...rest, size: size ?? undefined, ...writeChain({ nodata, operations }) };
}
