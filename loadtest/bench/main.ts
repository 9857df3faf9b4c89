// Ratios taken in one run: npm run bench -- [--rows 1,2,3,4,growth,places] [--quick] [--side PX] [--work DIR] [--python PATH] [--record]
// npm run bench -- --page [--rows 1,1a,e,growth] [the same]: every target with what this machine reaches
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, touchMemory } from './machine.js';
import { expectedSeconds, pageSizes, partsOf, rowNames, runPage } from './page/run-page.js';
import { printSection, recordSections, type Section } from './report.js';
import { SECTIONS, type SectionName } from './sections.js';

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    side: { type: 'string', default: '15000' },
    work: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    record: { type: 'boolean', default: false },
    /** Every row of the targets with what this machine reaches and tables of scale, in place of the sections. */
    page: { type: 'boolean', default: false },
    note: { type: 'string' },
  },
});

const known = values.page ? rowNames() : Object.keys(SECTIONS);
const asked = values.rows?.split(',');
const unknown = asked?.find((name) => !known.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`bench: no row '${unknown}'; there are ${known.join(', ')}\n`);
  process.exit(2);
}
const work = values.work === undefined ? mkdtempSync(join(tmpdir(), 'halotile-bench-')) : resolve(values.work);
mkdirSync(work, { recursive: true });
try {
  if (values.page) {
    const sizes = pageSizes(values.quick, Number(values.side));
    const rounds = values.quick ? 1 : Number(values.rounds);
    const about = values.quick ? 'a trial of the page, whose figures say nothing' : `${rounds} rounds`;
    const parts = partsOf(asked);
    console.log(`${describeMachine()}\nscene of ${sizes.side}×${sizes.side} pixels, ${about}`);
    if (!values.quick)
      console.log(`about ${Math.ceil(expectedSeconds(parts, sizes) / 60)} minutes on a quiet machine of two cores`);
    const sections = await runPage(parts, { work, rounds, python: values.python, ...sizes });
    if (values.record) recordSections(sections, { side: sizes.side, rounds, note: values.note });
  } else {
    const side = values.quick ? 3000 : Number(values.side);
    const hugeSide = values.quick ? 6000 : 60000;
    console.log(`${describeMachine()}\nscene of ${side}×${side} pixels, ${values.rounds} rounds\n`);
    touchMemory(Math.min(freemem() / 2, 6 * 2 ** 30));
    const sections: Section[] = [];
    for (const name of (asked ?? known) as SectionName[]) {
      const options = { work, side, hugeSide, rounds: Number(values.rounds), python: values.python };
      const section = await SECTIONS[name](options);
      printSection(section);
      sections.push(section);
    }
    if (values.record) recordSections(sections, { side, rounds: Number(values.rounds), note: values.note });
  }
} finally {
  if (values.work === undefined) rmSync(work, { recursive: true, force: true });
}
