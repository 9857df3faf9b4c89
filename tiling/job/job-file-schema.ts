import { z } from 'zod';
import { BORDERS, OPERATIONS, type OperationDescriptor } from '../operations/index.js';
import { collectionSpecSchema } from './collection-spec.js';
import { datasetSpecSchema } from './dataset-spec.js';
import { jobSpecSchema } from './job-spec.js';

/** A piece of JSON Schema. */
type Schema = Readonly<Record<string, unknown>>;

/** Kinds of job files, with what each is for. */
const KINDS = {
  image: { schema: jobSpecSchema, description: 'one image through a chain of operations' },
  collection: { schema: collectionSpecSchema, description: 'many images, each with an output of its own' },
  dataset: { schema: datasetSpecSchema, description: 'many frames, one palette for all of a character' },
} as const;

/**
 * What a job file may hold, as JSON Schema (draft 2020-12), which editors check and complete by. Made of the schemas
 * that jobs are checked with, and of every operation's own.
 */
export function jobFileSchema(): Schema {
  const kinds = Object.entries(KINDS).map(([name, { schema, description }]) => [
    name,
    { description, ...bare(schema) },
  ]);
  const definitions = {
    ...Object.fromEntries(kinds),
    operation: { oneOf: Object.values(OPERATIONS).map(operationSchema) },
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'halotile job',
    description: 'a job as `halotile run` takes it, in YAML or JSON',
    anyOf: Object.keys(KINDS).map((name) => ({ $ref: `#/$defs/${name}` })),
    $defs: definitions,
  };
}

/** The schema of one kind; operations refer to the one definition of all. */
function bare(schema: z.ZodType): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const properties = rest.properties as Record<string, Schema>;
  const chains = Object.keys(properties).filter((name) => /operations$/i.test(name));
  const referring = chains.map((name) => [name, { ...properties[name], items: { $ref: '#/$defs/operation' } }]);
  return { ...rest, properties: { ...properties, ...Object.fromEntries(referring) } };
}

function operationSchema({ name, summary, params }: OperationDescriptor): Schema {
  const { $schema: _, ...parameters } = z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' });
  const needsParams = (parameters.required ?? []).length > 0;
  return {
    description: summary,
    type: 'object',
    properties: {
      name: { const: name },
      params: parameters,
      border: { enum: BORDERS, description: 'samples beyond the edge of the image' },
      constant: { type: 'number', default: 0, description: 'sample value beyond the edge with border: constant' },
    },
    required: needsParams ? ['name', 'params'] : ['name'],
    additionalProperties: false,
  };
}
