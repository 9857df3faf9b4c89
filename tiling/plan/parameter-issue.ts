import type { z } from 'zod';
import type { ErrorDetail } from '../errors.js';

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
): Pick<ErrorDetail, 'what' | 'expected'> {
  const issue = error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    return { what: `there is no parameter '${issue.keys[0]}'`, expected: known.join(', ') || 'none' };
  }
  const name = issue.path.join('.');
  if (name === '') return { what: issue.message };
  const value = given[String(issue.path[0])];
  if (value === undefined) return { what: `${name} is not given`, expected: `${name}=VALUE` };
  return { what: `${name} is ${quoted(value)}`, expected: expectedBy(issue) };
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const short = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  return typeof value === 'string' && !Number.isFinite(Number(value)) ? `'${short}'` : short;
}

function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `a ${issue.expected}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_value':
      return issue.values.join(', ');
    default:
      return issue.message;
  }
}
