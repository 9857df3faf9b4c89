import type { z } from 'zod';
import { type JobSpec, type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import type { Words } from '../../tiling/words.js';
import type { google, halotile } from '../gen/messages.js';

/** One field of a request that was refused, in google.rpc.BadRequest's words. */
export interface FieldViolation {
  /** Path from the spec's root, as in `operations[0].params.radius`. */
  readonly field: string;
  readonly description: Words;
}

/** Either a checked spec or everything that is wrong with it. */
export type SpecReading =
  | { readonly ok: true; readonly spec: JobSpec }
  | { readonly ok: false; readonly violations: readonly FieldViolation[] };

/**
 * The job of a proto message, checked by the same schema as a job file. Fields that a message lacks take the
 * schema's defaults.
 */
export function readJobSpec(message: halotile.v1.IJobSpec): SpecReading {
  const parsed = jobSpecSchema.safeParse(plainSpec(message));
  if (parsed.success) return { ok: true, spec: parsed.data };
  return { ok: false, violations: parsed.error.issues.map(violation) };
}

/** The proto message of a job: what {@link readJobSpec} turns back into an equal spec. */
export function writeJobSpec(spec: JobSpecInput): halotile.v1.IJobSpec {
  const { nodata, operations, mapOperations, ...rest } = spec;
  return { ...rest, ...writeChain({ nodata, operations, mapOperations }) };
}

/** The fields of a chain that are not the same in a message and in a job file. */
export function writeChain({
  nodata,
  operations = [],
  mapOperations,
}: Partial<Pick<JobSpecInput, 'nodata' | 'operations' | 'mapOperations'>>) {
  return {
    operations: operations.map(writeOperation),
    ...(mapOperations && { mapOperations: mapOperations.map(writeOperation) }),
    ...(nodata === undefined ? {} : { nodata: toValue(nodata) }),
  };
}

function writeOperation({ params, ...operation }: JobSpecInput['operations'][number]) {
  const values = Object.entries(params ?? {}).map(([name, value]) => [name, toValue(value)] as const);
  return { ...operation, params: Object.fromEntries(values) };
}

/** A schema's complaint in google.rpc.BadRequest's words. */
export function violation(issue: z.core.$ZodIssue): FieldViolation {
  let field = '';
  for (const key of issue.path) {
    if (typeof key === 'number') field += `[${key}]`;
    else field += field === '' ? String(key) : `.${String(key)}`;
  }
  return { field, description: issue.message };
}

/** The message as a job file would have it: no nulls, no wrappers. */
function plainSpec(message: halotile.v1.IJobSpec): unknown {
  const { compression, ...rest } = message;
  return present({
    ...plainChain(rest),
    compression: compression === undefined || compression === null ? undefined : present(compression),
  });
}

/** The fields of a message with those of its chain as a job file would have them. */
export function plainChain(
  message: Pick<halotile.v1.IJobSpec, 'operations' | 'mapOperations' | 'nodata' | 'mapping' | 'measure'>,
): object {
  const { operations, mapOperations, nodata, mapping, measure, ...rest } = message;
  return {
    ...rest,
    operations: operations?.map(plainOperation),
    // A message cannot say that a list is absent.
    mapOperations: mapOperations && mapOperations.length > 0 ? mapOperations.map(plainOperation) : undefined,
    nodata: nodata === undefined || nodata === null ? undefined : withNamedNumbers(fromValue(nodata)),
    mapping: mapping === undefined || mapping === null ? undefined : present(mapping),
    measure: measure === undefined || measure === null ? undefined : present(measure),
  };
}

function plainOperation({ params, ...operation }: halotile.v1.IOperation): object {
  const values = Object.entries(params ?? {}).map(([name, value]) => [name, fromValue(value)]);
  return present({ ...operation, params: Object.fromEntries(values) });
}

/** Own fields that are set; unknown ones of a newer client, which protobufjs keeps aside, are not among them. */
export function present(message: object): Record<string, unknown> {
  const set = Object.entries(message).filter(
    ([name, value]) => value !== null && value !== undefined && name[0] !== '$',
  );
  return Object.fromEntries(set);
}

/** JSON has no NaN and no infinities, so a list may name them. */
const NAMED_NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

function withNamedNumbers(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((item) =>
    typeof item === 'string' && Object.hasOwn(NAMED_NUMBERS, item) ? NAMED_NUMBERS[item] : item,
  );
}

function toValue(value: string | number | boolean | readonly number[]): google.protobuf.IValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'number') return { numberValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return { listValue: { values: value.map(toValue) } };
}

/** @param value null for an entry of a map that came without one */
function fromValue(value: google.protobuf.IValue | null): unknown {
  if (value === null) return null;
  if (value.stringValue !== undefined && value.stringValue !== null) return value.stringValue;
  if (value.numberValue !== undefined && value.numberValue !== null) return value.numberValue;
  if (value.boolValue !== undefined && value.boolValue !== null) return value.boolValue;
  if (value.listValue?.values) return value.listValue.values.map(fromValue);
  if (value.structValue?.fields) {
    return Object.fromEntries(Object.entries(value.structValue.fields).map(([name, item]) => [name, fromValue(item)]));
  }
  return null;
}
