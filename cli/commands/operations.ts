import type { Command } from 'commander';
import { z } from 'zod';
import { badUsage } from '../../tiling/errors.js';
import { didYouMean } from '../../tiling/nearest-word.js';
import { BORDERS, OPERATIONS, type OperationDescriptor } from '../../tiling/operations/index.js';

/** What JSON Schema says of one parameter, as far as the descriptors' schemas say it. */
interface ParameterSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly default?: string | number;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

/** `halotile operations [NAME]`: what `--op` takes. */
export function registerOperations(program: Command): void {
  program
    .command('operations')
    .argument('[name]', 'an operation')
    .action((name?: string) => {
      process.stdout.write(`${name === undefined ? listOperations() : describeOperation(name)}\n`);
    });
}

/** Every operation with its summary, one a line. */
export function listOperations(): string {
  return aligned(Object.values(OPERATIONS).map(({ name, summary }) => [name, summary]));
}

/**
 * One operation and its parameters with types, ranges and defaults, read off the schema that checks them.
 * @throws bad-usage for a name that no operation has
 */
export function describeOperation(name: string): string {
  const descriptor = OPERATIONS[name];
  if (descriptor === undefined) {
    const known = Object.keys(OPERATIONS);
    const remedy = didYouMean(name, known);
    throw badUsage({ what: `there is no operation '${name}'`, expected: known.join(', '), remedy });
  }
  const lines = parametersOf(descriptor).map(([key, schema]): [string, string] => [`  ${key}`, valueLine(schema)]);
  if (descriptor.coupling === 'window' && descriptor.inputRect === undefined) lines.push(...borderLines(descriptor));
  const map = descriptor.mapMeaning === 'none' ? [] : [`Without ${descriptor.mapMeaning} the job's map gives it.`];
  return [`${name}: ${descriptor.summary}`, aligned(lines), ...map, 'Definition and bounds: docs/operations.md'].join(
    '\n',
  );
}

/** The two parameters that every operation with a window has. */
function borderLines(descriptor: OperationDescriptor): [string, string][] {
  const fixed = descriptor.defaultBorder(false);
  const byMap = descriptor.mapMeaning === 'none' ? fixed : descriptor.defaultBorder(true);
  return [
    ['  border', `${BORDERS.join(', ')}; default ${fixed}${byMap === fixed ? '' : `, by map ${byMap}`}`],
    ['  constant', 'what border=constant extends the image by; default 0'],
  ];
}

function parametersOf(descriptor: OperationDescriptor): [string, ParameterSchema & { readonly required: boolean }][] {
  const schema = z.toJSONSchema(descriptor.params, { io: 'input' });
  const required = schema.required ?? [];
  return Object.entries(schema.properties ?? {}).map(([key, value]) => [
    key,
    { ...(value as ParameterSchema), required: required.includes(key) },
  ]);
}

function valueLine(schema: ParameterSchema & { readonly required: boolean }): string {
  const { description, required } = schema;
  const given = schema.default === undefined || schema.default === '' ? '' : `; default ${schema.default}`;
  return `${description ?? kindOf(schema)}${required ? '; required' : given}`;
}

function kindOf(schema: ParameterSchema): string {
  if (schema.enum !== undefined) return schema.enum.join(', ');
  const kind = schema.type === 'integer' ? 'whole number' : 'number';
  const { minimum, exclusiveMinimum, maximum } = schema;
  const from = exclusiveMinimum === undefined ? minimum : `above ${exclusiveMinimum}`;
  if (from !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) {
    return `${kind}, ${from} to ${maximum}`;
  }
  return from === undefined ? kind : `${kind}, ${exclusiveMinimum === undefined ? `at least ${from}` : from}`;
}

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`).join('\n');
}
