import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { parseYamlText } from '../../tiling/job/yaml-text.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';

const folder = scratchFolder();
const at = (...names: string[]) => join(folder, ...names);

before(() => writeFileSync(at('a.png'), encodeRgbaPng(new Uint8Array(16 * 4).fill(200), { width: 4, height: 4 })));

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

test('YAML is read, JSON too, and a list of many images', () => {
  assert.deepEqual(parseYamlText('a: &x [1, "&b", *x2 ]\n'.replace(', *x2 ', '')), { a: [1, '&b'] });
  assert.deepEqual(parseYamlText('a: &x {b: 1}\nc: *x\nd: |\n  &text\n  *text\n'), {
    a: { b: 1 },
    c: { b: 1 },
    d: '&text\n*text\n',
  });
  assert.deepEqual(parseYamlText('\uFEFF{"a": [1]}'), { a: [1] });
  assert.deepEqual(parseYamlText('{a: 1}'), { a: 1 });
  const rows = parseYamlText(lines(20_000, (i) => `- {image: ${i}.png, character: k}\n`)) as object[];
  assert.equal(rows.length, 20_000);
  const names = JSON.stringify(Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`k${i}`, i])));
  assert.equal(Object.keys(parseYamlText(names) as object).length, 200_000);
});

/** Texts that took minutes, filled the stack, or ended in a trace or a snippet over several lines. */
const BAD_TEXTS: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
  '200,000 keys': [lines(200_000, (i) => `key${i}: ${i}\n`), /200000 keys, more than 1000/],
  '50,000 anchors': [lines(50_000, (i) => `- &a${i} ${i}\n`), /more than 100 anchors and aliases at line 101/],
  '50,000 aliases': [`- &a 1\n${'- *a\n'.repeat(50_000)}`, /more than 100 anchors/],
  'a billion laughs': [
    `a: &a [x, x, x]\n${lines(20, (i) => `b${i}: &b${i} [${`*${i === 0 ? 'a' : `b${i - 1}`}, `.repeat(4)}]\n`)}`,
    /anchors|alias/i,
  ],
  '100,000 brackets': ['['.repeat(100_000), /nested deeper than 64 at line 1/],
  'deep blocks': [lines(5000, (i) => `${' '.repeat(i)}a:\n`), /nested deeper than 64/],
  'a text that is too long': [`a: ${'x'.repeat(17 << 20)}`, /characters are more than/],
  'a tab': ['a: 1\n\tb: 2\n', /line 2/],
  'a bracket that is open': ['image: [1, 2\noutput: x\n', /line/],
  'a key that stands twice': ['image: a.png\nimage: b.png\n', /'image' stands twice, again at line 2/],
  'a key that is a list': ['? [a]\n: 1\n', /no plain word at line 1/],
};

test('a text that is none of ours is refused in one line', async (t) => {
  for (const [name, [text, says]] of Object.entries(BAD_TEXTS)) {
    await t.test(name, () => {
      assert.throws(
        () => parseYamlText(text),
        (error) => error instanceof Error && says.test(error.message) && !error.message.includes('\n'),
      );
    });
  }
});

test('so is a job file or a manifest of it', async () => {
  const many = lines(2000, (i) => `key${i}: ${i}\n`);
  const texts = ['a: 1\n\tb: 2\n', many, '__proto__: {image: a.png}\noutput: x.tif\n', '', '7'];
  for (const text of texts) {
    for (const [file, ...args] of [
      ['bad.yaml', 'run', at('bad.yaml')],
      ['bad.yml', 'palette', at('bad.yml'), '-o', at('out')],
    ] as const) {
      writeFileSync(at(file), text);
      const { code, stderr } = await halotile(...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^halotile: .*bad\.ya?ml.*\n$/);
    }
  }
});

test('broken tokens are refused in one line', async () => {
  writeFileSync(at('tokens.yaml'), 'a: [1,\n  b: {\n');
  const { code, stderr } = await halotile(
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--state',
    at('state'),
    '--tokens',
    at('tokens.yaml'),
  );
  assert.equal(code, 2, stderr);
  assert.match(stderr, /^halotile: .*tokens\.yaml: the tokens cannot be read \(.*\)\n$/);
});

test('a name that cannot be written is refused in one line, and __proto__ is a name', async () => {
  const dataset = async (character: string, name = 'a.png') => {
    const path = at('frames', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, encodeRgbaPng(new Uint8Array(16 * 4).fill(200), { width: 4, height: 4 }));
    writeFileSync(at('names.json'), JSON.stringify([{ image: path, character }]));
    return halotile('palette', at('names.json'), '-o', at('named'), '--quiet');
  };
  for (const [character, name, says] of [
    ['x'.repeat(300), 'a.png', /has a name of 300 bytes; expected at most 255/],
    ['ü'.repeat(200), 'a.png', /has a name of 400 bytes/],
    ['report.json', 'a.png', /in the place of the report/],
    ['report.html', 'a.png', /in the place of the report/],
    ['k', `${'n'.repeat(250)}.png`, /the name of its output has 250 bytes; expected at most 245/],
  ] as const) {
    const { code, stderr } = await dataset(character, name);
    assert.equal(code, 2, stderr);
    assert.match(stderr, says);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    assert.equal(existsSync(at('named')), false);
  }
  for (const character of ['__proto__', 'constructor', 'x'.repeat(255)]) {
    const { code, stderr } = await dataset(character);
    assert.equal(code, 0, stderr);
    assert.ok(existsSync(at('named', character, 'a.png')), character);
  }
});
