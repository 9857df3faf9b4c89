import { z } from 'zod';
import { BORDERS, OPERATIONS, type OperationDescriptor } from '../operations/index.js';
import { collectionSpecSchema } from './collection-spec.js';
import { datasetSpecSchema } from './dataset-spec.js';
import { FOLLOW_UP_NAME, MAX_FOLLOW_UPS } from './follow-up-names.js';
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
    { description, ...bare(schema, [['then', THEN]]) },
  ]);
  const followUps = Object.values(KINDS).map(({ schema, description }) => {
    const { required, ...followUp } = bare(schema, Object.entries(FOLLOW_UP_TERMS));
    return { description, ...followUp, required: ['name', ...(required as string[])] };
  });
  const definitions = {
    ...Object.fromEntries(kinds),
    followUp: { anyOf: followUps },
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

/** Of a job that others follow. */
const THEN: Schema = {
  description: 'jobs that follow when this one has succeeded, for `halotile submit` and `halotile schedule add`',
  type: 'array',
  items: { $ref: '#/$defs/followUp' },
  maxItems: MAX_FOLLOW_UPS,
};

const FOLLOW_UP = { type: 'string', pattern: FOLLOW_UP_NAME.source } as const;

/** Of a job that follows others, beside what it is; `{output}` in its names is the first job's output. */
const FOLLOW_UP_TERMS: Readonly<Record<string, Schema>> = {
  name: { ...FOLLOW_UP, description: 'what others that come after it call it; `{output:NAME}` is its output' },
  after: {
    description: 'names of jobs that it waits for; the first one where absent',
    anyOf: [FOLLOW_UP, { type: 'array', items: FOLLOW_UP, maxItems: MAX_FOLLOW_UPS }],
  },
};

/** The schema of one kind with properties of job files; operations refer to the one definition of all. */
function bare(schema: z.ZodType, more: readonly (readonly [string, Schema])[]): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const properties = rest.properties as Record<string, Schema>;
  const chains = Object.keys(properties).filter((name) => /operations$/i.test(name));
  const referring = chains.map((name) => [name, { ...properties[name], items: { $ref: '#/$defs/operation' } }]);
  return { ...rest, properties: { ...properties, ...Object.fromEntries([...referring, ...more]) } };
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
