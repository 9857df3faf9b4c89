import type { z } from 'zod';
import type { ErrorDetail } from '../errors.js';
import { didYouMean } from '../nearest-word.js';
import { expectedBy, quoted } from '../schema-words.js';

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
