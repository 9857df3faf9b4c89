import { createHash } from 'node:crypto';
import { z } from 'zod';
import { badUsage } from '../errors.js';
import type { JobFacts, Operation, OperationDescriptor, ReadFile } from './descriptor.js';
import {
  FOOTPRINT_FILE,
  type Footprint,
  footprintParam,
  parseFootprint,
  prepareFootprint,
} from './footprint/footprint.js';
import type { ModuleShape } from './module/custom-module.js';

const params = z
  .strictObject({
    module: z.string().min(1).describe('a WebAssembly file (docs/kernel-abi.md)'),
    footprint: footprintParam.optional(),
    weights: z
      .string()
      .min(1)
      .describe('a text file of numbers, one row a line, that is footprint and weights')
      .optional(),
    data: z
      .union([z.string(), z.number()])
      .default('')
      .describe('numbers for the module, separated by ;')
      .transform((text) =>
        String(text)
          .split(/[;\s]+/)
          .filter(Boolean)
          .map(Number),
      )
      .refine((numbers) => numbers.every((value) => !Number.isNaN(value)), { error: 'data is numbers separated by ;' }),
    limitMs: z.coerce.number().int().min(1).max(3_600_000).default(60_000),
  })
  .refine(({ footprint, weights }) => footprint === undefined || weights === undefined, {
    error: 'give either footprint or weights, not both',
  });

/** A `custom` operation as tiles see it: the module itself travels with the job. */
export interface CustomParams {
  /** The file's name, for messages. */
  readonly module: string;
  readonly footprint: string;
  /** One a member of the footprint, row by row. */
  readonly memberWeights: readonly number[];
  readonly data: readonly number[];
  /** What one tile may take. */
  readonly limitMs: number;
  /** SHA-256 of the module, hexadecimal. */
  readonly hash: string;
  /** The module's bytes in base64. */
  readonly code: string;
  readonly shape: ModuleShape;
}

/** The prepared parameters of a `custom`. */
export function customParams(operation: Operation): CustomParams {
  return operation.params as unknown as CustomParams;
}

function prepare(operation: Operation, job: JobFacts): Operation {
  if (operation.params.code !== undefined) return operation;
  const neighbourhood = neighbourhoodOf(operation, job);
  const { path, bytes } = job.file('module')!;
  const shape = job.shapeOf(bytes, path);
  const hash = createHash('sha256').update(bytes).digest('hex');
  const code = Buffer.from(bytes).toString('base64');
  return { ...operation, params: { ...operation.params, ...neighbourhood, hash, code, shape } };
}

function neighbourhoodOf(operation: Operation, job: JobFacts): Pick<CustomParams, 'footprint' | 'memberWeights'> {
  const weights = job.file('weights');
  if (weights !== undefined) return readWeights(weights);
  const footprint = (prepareFootprint(operation, job).params.footprint as string | undefined) ?? 'rect:1x1';
  return { footprint, memberWeights: new Array(countOf(footprint)).fill(1) };
}

/** The most members that a kernel is given; their weights travel to every worker. */
const MAX_MEMBERS = 65536;

/** @throws bad-usage for more members than a kernel is given */
function countOf(text: string): number {
  const { count } = parseFootprint(text);
  if (count <= MAX_MEMBERS) return count;
  throw badUsage({ what: `the footprint has ${count} members`, expected: `at most ${MAX_MEMBERS}` });
}

/** A weights file is text: one row a line, a number for each member, `.` where there is none. */
function readWeights({ path, bytes }: ReadFile): Pick<CustomParams, 'footprint' | 'memberWeights'> {
  const lines = new TextDecoder().decode(bytes).split('\n');
  const rows = lines.map((line) => line.split(/[,\s]+/).filter(Boolean)).filter((row) => row.length > 0);
  const width = rows[0]?.length ?? 0;
  const cells = rows.flat();
  if (
    width === 0 ||
    rows.some((row) => row.length !== width) ||
    cells.some((cell) => cell !== '.' && Number.isNaN(Number(cell)))
  ) {
    throw badUsage({
      what: 'the weights are no table',
      file: path,
      expected: 'rows of equal length of numbers and .',
    });
  }
  const bits = cells.map((cell) => (cell === '.' ? '0' : '1')).join('');
  const footprint = `bits:${width}x${rows.length}:${bits}`;
  countOf(footprint);
  return { footprint, memberWeights: cells.filter((cell) => cell !== '.').map(Number) };
}

/** The neighbourhood of a prepared `custom`. */
export function customFootprint(operation: Operation): Footprint {
  return parseFootprint(customParams(operation).footprint);
}

/** The user's own kernel; docs/kernel-abi.md says what it gets and gives. */
export const custom: OperationDescriptor = {
  name: 'custom',
  summary: "a WebAssembly kernel of the user's own",
  coupling: 'window',
  params,
  mapMeaning: 'none',
  defaultBorder: () => 'reflect',
  numeric: () => 'exact',
  reach: (operation) => customFootprint(operation).reach,
  pace: () => 'slow',
  files: { module: { kind: 'kernel' }, footprint: FOOTPRINT_FILE, weights: { kind: 'table' } },
  prepare,
};
