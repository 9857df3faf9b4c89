import type { z } from 'zod';
import type { ErrorDetail } from '../errors.js';
import { didYouMean } from '../nearest-word.js';

/** Kinds of values as people call them. */
const KINDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  string: 'a text',
  boolean: 'true or false',
  null: 'nothing',
  nan: 'nan',
};

/** The longest value that a message repeats. */
const MAX_QUOTED = 60;

/**
 * What a schema has against an operation's parameters, in words: the parameter, the value met and what it should be. A
 * schema's own sentence (`{ error: … }`) is taken as it is.
 * @param given the parameters as they were written
 */
export function parameterIssue(
  error: z.ZodError,
  given: Readonly<Record<string, unknown>>,
  known: readonly string[],
): Pick<ErrorDetail, 'what' | 'expected' | 'remedy'> {
  // A mistyped key first: what it stands for is missing then too.
  const issue = error.issues.find(({ code }) => code === 'unrecognized_keys') ?? error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    const what = `there is no parameter '${key}'`;
    return { what, expected: known.join(', ') || 'none', remedy: didYouMean(key, known) };
  }
  const name = issue.path.join('.');
  if (name === '') return { what: issue.message };
  const value = given[String(issue.path[0])];
  if (value === undefined) return { what: `${name} is not given`, expected: `${name}=VALUE` };
  return { what: `${name} is ${quoted(value)}`, expected: expectedBy(issue) };
}

/** A value as a message repeats it. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const short = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  return typeof value === 'string' && !Number.isFinite(Number(value)) ? `'${short}'` : short;
}

/** What a schema wants in a value's place. */
export function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? `a ${issue.expected}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_value':
      return issue.values.join(', ');
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_union': {
      const kinds = issue.errors.flatMap(([first]) => (first === undefined ? [] : expectedBy(first)));
      return [...new Set(kinds)].join(' or ') || 'another kind of value';
    }
    default:
      return issue.message;
  }
}

/** What is counted where a text or a list is too short or too long. */
function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' of them' : '';
}
