import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asTable, type PageRow, pageSection } from '../../loadtest/bench/page/page-row.js';
import { partsOf } from '../../loadtest/bench/page/run-page.js';

const ROWS = [...'123456789abcdefgh', '1a', '1b', '16', 'growth', 'gigapixel'];

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

test('each row of the design and of the issue on speed has a part that measures it', () => {
  assert.deepEqual(
    ROWS.filter((name) => partsOf([name]).length === 0),
    [],
  );
});

test('the page prints what its parts find, and all their rows in order at its end', () => {
  const script = fileURLToPath(new URL('../../loadtest/bench/main.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--page', '--quick'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const blocks = stdout.trim().split('\n\n');
  const table = (title: string) => blocks[blocks.findIndex((block) => block.split(/[:,;]/)[0] === title) + 1]!;
  for (const title of [
    ...['Starting', 'Growth with size', 'What a gigapixel costs by default', 'Throughput by number of workers'],
    'Gaussian by map / box by map',
  ]) {
    assert.doesNotMatch(table(title), /NaN|undefined/, title);
    assert.ok(table(title).split('\n').length > 3, title);
  }
  const [head, rule, ...rows] = table('Targets')
    .split('\n')
    .map((line) =>
      line
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
  assert.deepEqual(head, ['row', 'what', 'target', 'figure', 'by processor', 'met']);
  assert.ok(rule!.every((cell) => /^-+$/.test(cell)));
  const names = [
    ...['1 (d)', '1a (d)', '1b (c)', '2 (b)', '3', '4', '5', '6', '7 (e)', '8 (a)', '9 (f)'],
    ...['16', 'a', 'growth', 'g', 'h'],
  ];
  assert.deepEqual([...new Set(rows.map(([row]) => row))], names);
  for (const [row, what, target, figure, , met] of rows) {
    assert.match(target!, /^[≤≥] \d/, what);
    if (met === 'not measured') assert.match(figure!, /^no /, what);
    else assert.match(`${figure} ${met}`, /^[\d.]+ \S.* (?:met|missed)$/, `${row} ${what}`);
  }
  const inOneTable = { title: '', columns: head!, lines: rows };
  assert.ok(stdout.includes(asTable(inOneTable)), 'its columns are even');
});
