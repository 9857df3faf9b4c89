import { type CollectionSpec, collectionSpecSchema } from '../../tiling/job/collection-spec.js';
import type { halotile } from '../gen/messages.js';
import { type FieldViolation, plainChain, present, violation, writeChain } from './job-spec.js';

/** Either a checked job over many images or everything that is wrong with it. */
export type CollectionReading =
  | { readonly ok: true; readonly spec: CollectionSpec }
  | { readonly ok: false; readonly violations: readonly FieldViolation[] };

/**
 * The job of a proto message, checked by the same schema as a job file, whose `images` are the message's `images` and
 * then its `named`. Fields that a message lacks take the schema's defaults.
 */
export function readCollectionSpec(message: halotile.v1.ICollectionSpec): CollectionReading {
  const { images, named, compression, ...rest } = message;
  const parsed = collectionSpecSchema.safeParse(
    present({
      ...plainChain(rest),
      images: [...(images ?? []), ...(named ?? []).map(present)],
      compression: compression === undefined || compression === null ? undefined : present(compression),
    }),
  );
  if (parsed.success) return { ok: true, spec: parsed.data };
  return { ok: false, violations: parsed.error.issues.map(violation) };
}

/** The proto message of a job over many images: images that are named one by one come last. */
export function writeCollectionSpec(spec: CollectionSpec): halotile.v1.ICollectionSpec {
  const { nodata, operations, mapOperations, images, ...rest } = spec;
  return {
    ...rest,
    images: images.filter((each) => typeof each === 'string'),
    named: images.filter((each) => typeof each !== 'string'),
    ...writeChain({ nodata, operations, mapOperations }),
  };
}
