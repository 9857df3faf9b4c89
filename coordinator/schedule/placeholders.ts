/** What the placeholders of a schedule's texts stand for in one run. */
export interface RunNames {
  readonly run: number;
  /** The run's time, milliseconds since 1970. */
  readonly dueMs: number;
  readonly timeZone: string;
}

/**
 * A message whose texts have `{date}` (yyyy-mm-dd), `{datetime}` (yyyy-mm-ddThh-mm-ss+hhmm, so that an hour that a change
 * of the clock repeats has other names) and `{run}` of a run; the message itself stays as it is.
 */
export function fillPlaceholders<T>(message: T, names: RunNames): T {
  const values = valuesOf(names);
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value.replace(/\{(date|datetime|run)\}/g, (_whole, name: keyof typeof values) => values[name]);
    }
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
  };
  return fill(message) as T;
}

function valuesOf({ run, dueMs, timeZone }: RunNames) {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'longOffset' },
  });
  const parts = Object.fromEntries(format.formatToParts(dueMs).map(({ type, value }) => [type, value]));
  const offset = (parts.timeZoneName ?? '').replace('GMT', '').replace(':', '') || '+0000';
  const date = `${parts.year}-${parts.month}-${parts.day}`;
  return { date, datetime: `${date}T${parts.hour}-${parts.minute}-${parts.second}${offset}`, run: String(run) };
}
