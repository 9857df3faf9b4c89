import { badUsage } from '../tiling/errors.js';
import type { JobSpecInput } from '../tiling/job/job-spec.js';
import { BORDERS } from '../tiling/operations/index.js';

type WrittenOperation = JobSpecInput['operations'][number];

/**
 * An operation as `NAME` or `NAME:key=value,key=value`. Values may hold colons and equals signs
 * (`footprint=disk:11`); the operation's own schema reads them.
 * @throws bad-usage
 */
export function parseOperation(text: string): WrittenOperation {
  const [name = '', ...rest] = text.split(':');
  if (name === '')
    throw badUsage({ what: 'an operation has no name', where: `--op ${text}`, expected: 'NAME:key=value,…' });
  const settings = rest.join(':');
  const params = new Map<string, string>();
  const seen = new Set<string>();
  let border: WrittenOperation['border'];
  let constant: number | undefined;
  for (const setting of settings === '' ? [] : settings.split(',')) {
    const [key = '', ...value] = setting.split('=');
    const given = value.join('=');
    if (key === '' || given === '') {
      throw badUsage({ what: `'${setting}' is not a parameter`, where: `--op ${text}`, expected: 'NAME:key=value,…' });
    }
    if (seen.has(key)) {
      throw badUsage({ what: `${key} is given twice`, where: `--op ${text}`, remedy: 'leave one of them out' });
    }
    seen.add(key);
    if (key === 'border') border = borderOf(given, text);
    else if (key === 'constant') constant = constantOf(given, text);
    else params.set(key, given);
  }
  return { name, params: Object.fromEntries(params), border, constant };
}

function borderOf(value: string, text: string): WrittenOperation['border'] {
  const border = BORDERS.find((known) => known === value);
  if (border !== undefined) return border;
  throw badUsage({ what: `there is no border '${value}'`, where: `--op ${text}`, expected: BORDERS.join(', ') });
}

function constantOf(value: string, text: string): number {
  const constant = Number(value);
  if (Number.isFinite(constant)) return constant;
  throw badUsage({ what: `constant is '${value}'`, where: `--op ${text}`, expected: 'a number' });
}
