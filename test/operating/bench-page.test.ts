import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asTable, type PageRow, pageSection } from '../../loadtest/bench/page/page-row.js';

const ROWS = ['1', '1a', '1b', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'g', 'h'];

test('a row is met, missed or not measured, whichever way its target goes', () => {
  const row = (figure: number, target: PageRow['target']): PageRow => ({
    row: '1',
    what: 'this',
    target,
    unit: 's',
    figure,
  });
  const { lines } = pageSection([
    row(1.5, { atMost: 1.5 }),
    row(1.51, { atMost: 1.5 }),
    row(5000, { atLeast: 5000 }),
    row(4999, { atLeast: 5000 }),
    { ...row(Number.NaN, { atMost: 1 }), missing: 'no vips' },
  ]);
  assert.deepEqual(
    lines.map((line) => line.slice(2)),
    [
      ['≤ 1.5 s', '1.5 s', '', 'met'],
      ['≤ 1.5 s', '1.51 s', '', 'missed'],
      ['≥ 5000 s', '5000 s', '', 'met'],
      ['≥ 5000 s', '4999 s', '', 'missed'],
      ['≤ 1 s', 'no vips', '', 'not measured'],
    ],
  );
});

test('the page has every row of the targets, in order, each with a figure or why there is none', () => {
  const script = fileURLToPath(new URL('../../loadtest/bench/main.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--page', '--quick'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const blocks = stdout.trim().split('\n\n');
  const titles = blocks.filter((block) => !block.startsWith('| ')).slice(2);
  assert.deepEqual(
    titles.map((title) => title.split(/[:,;]/)[0]),
    [
      'Growth with size',
      'What a gigapixel costs by default',
      ...Array(2).fill('Throughput by number of workers'),
      'Filters of 1536×1536 uint8 on one thread',
    ],
  );
  const tables = blocks.filter((block) => block.startsWith('| '));
  assert.equal(tables.length, titles.length + 1);
  assert.ok(tables.slice(1).every((table) => !/NaN|undefined/.test(table) && table.split('\n').length > 3));
  const cells = tables[0]!.split('\n').map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  );
  const [head, rule, ...rows] = cells;
  assert.deepEqual(head, ['row', 'what', 'target', 'figure', 'by processor', 'met']);
  assert.ok(rule!.every((cell) => /^-+$/.test(cell)));
  assert.deepEqual([...new Set(rows.map(([row]) => row))], ROWS);
  for (const [row, what, target, figure, , met] of rows) {
    assert.match(target!, /^[≤≥] \d/, what);
    if (met === 'not measured') assert.match(figure!, /^no /, what);
    else assert.match(`${figure} ${met}`, /^[\d.]+ \S.* (?:met|missed)$/, `${row} ${what}`);
  }
  const table = { title: '', columns: head!, lines: rows };
  assert.ok(stdout.includes(asTable(table)), 'its columns are even');
});
