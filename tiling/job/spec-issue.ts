import { z } from 'zod';
import type { ErrorDetail } from '../errors.js';
import { didYouMean } from '../nearest-word.js';
import { expectedBy, quoted } from '../schema-words.js';

/** What of a JSON schema says which keys there are. */
interface KeySchema {
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly items?: KeySchema;
  readonly anyOf?: readonly KeySchema[];
}

type Path = readonly PropertyKey[];

/**
 * What the schema of a job has against one, in words: the field, the value met and what it should be. A key that no
 * field has comes first, since the field that it stands for is missing then too. A schema's own sentence
 * (`{ error: … }`) is taken as it is.
 * @param given the job as it was written
 */
export function specIssue(
  error: z.ZodError,
  schema: z.ZodType,
  given: unknown,
): Pick<ErrorDetail, 'what' | 'expected' | 'remedy'> {
  const issue = error.issues.find(({ code }) => code === 'unrecognized_keys') ?? error.issues[0]!;
  const field = nameOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as KeySchema, issue.path);
    const [key] = issue.keys as [string];
    const remedy = didYouMean(key, known);
    const what = `${field === '' ? 'the job' : field} has no key '${key}'`;
    return remedy === undefined ? { what, expected: known.join(', ') } : { what, remedy };
  }
  const value = valueAt(given, issue.path);
  if (isOwnSentence(issue)) return { what: field === '' ? issue.message : `${field}: ${issue.message}` };
  if (field === '') return { what: 'it is no mapping', expected: 'lines like `image: scene.tif`' };
  if (value === undefined) return { what: `${field} is not given`, expected: expectedBy(issue) };
  return { what: `${field} is ${quoted(value)}`, expected: expectedBy(issue) };
}

/** Whether the message is one of ours and not zod's own. */
function isOwnSentence({ code, message }: z.core.$ZodIssue): boolean {
  return code === 'custom' || !/^(?:Too (?:small|big)|Invalid|Unrecognized)\b/.test(message);
}

/** `operations[0].params.radius`. */
function nameOf(path: Path): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

function valueAt(given: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], given);
}

/** The keys of the mapping that a path leads to. */
function keysAt(schema: KeySchema, path: Path): string[] {
  const forms = [schema, ...(schema.anyOf ?? [])].flatMap((form) => [form, ...(form.anyOf ?? [])]);
  if (path.length === 0) return forms.flatMap(({ properties }) => Object.keys(properties ?? {}));
  const [first, ...rest] = path as [PropertyKey, ...PropertyKey[]];
  return forms.flatMap(({ items, properties }) => {
    const next = typeof first === 'number' ? items : properties?.[String(first)];
    return next === undefined ? [] : keysAt(next, rest);
  });
}
