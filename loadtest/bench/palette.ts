// The palette job against sharp alone and the scikit-learn recipe, its reduce, and its memory; some minutes:
// npm run bench:palette -- [--quick] [--rounds N] [--python PATH] [--record] [--note TEXT]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.js';
import { largeSection, memorySection, reduceSection, timeSection } from './palette-sections.js';
import { renderedSection } from './palettes/rendered-section.js';
import { printSection, recordSections, type Section } from './report.js';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string', default: 'python3' },
    record: { type: 'boolean', default: false },
    note: { type: 'string' },
  },
});

const rounds = Number(values.rounds);
const work = mkdtempSync(join(tmpdir(), 'halotile-bench-palette-'));
const bench = { work, python: values.python, rounds };
const share = values.quick ? 10 : 1;
try {
  console.log(`${describeMachine()}\n`);
  const sections: Section[] = [];
  const add = (section: Section) => {
    printSection(section);
    sections.push(section);
  };
  // A process starts with its parent's memory on its account, so these come while this one is still small.
  add(
    await memorySection(
      bench,
      [300, 3000, 30_000].map((count) => count / share),
    ),
  );
  add(await largeSection(bench, values.quick ? [5000, 10_000] : [10_000, 30_000]));
  add(reduceSection());
  add(await timeSection(bench, 3000 / share));
  add(await renderedSection(bench, 3000 / share));
  if (values.record) recordSections(sections, { scene: 'Palettes', rounds, note: values.note });
} finally {
  rmSync(work, { recursive: true, force: true });
}
