import type { Registry } from 'prom-client';

type Prom = typeof import('prom-client');

/** A counter by one label that costs an addition: prom-client hears of it when somebody asks. */
export function tally(
  { Counter }: Prom,
  registry: Registry,
  {
    name,
    help,
    label,
    values,
  }: {
    readonly name: string;
    readonly help: string;
    readonly label: string;
    /** All that there are: a series that is there from the start has a rate at its first event. */
    readonly values: readonly string[];
  },
): (value: string, by?: number) => void {
  const counts = new Map(values.map((value) => [value, 0]));
  new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, count] of counts) this.inc({ [label]: value }, count);
    },
  });
  return (value, by = 1) => void counts.set(value, (counts.get(value) ?? 0) + by);
}
