import type { z } from 'zod';

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
