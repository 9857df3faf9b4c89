import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { DatasetCollector, unpackDataset } from '../../coordinator/dataset/frames/dataset.js';
import { FailureList } from '../../coordinator/dataset/frames/failure-list.js';
import { PackedStrings } from '../../coordinator/find/packed-strings.js';

test('packed strings come back as they were and compare by code points', () => {
  const texts = ['', 'a', 'ab', 'Ä', '€uro', '😀', '\uffff', 'x'.repeat(5000)];
  const packed = new PackedStrings();
  for (const text of texts) packed.push(text);
  assert.equal(packed.length, texts.length);
  const sign = (order: number) => Math.sign(order);
  for (const [a, first] of texts.entries()) {
    assert.equal(packed.get(a), first);
    for (const [b, second] of texts.entries()) {
      const expected = Buffer.compare(Buffer.from(first), Buffer.from(second));
      assert.equal(sign(packed.compare(a, b)), expected, `${first} ${second}`);
      assert.equal(sign(packed.compareWith(a, Buffer.from(second))), expected);
    }
  }
});

test('frames lie by the name of their output and are found by their own', () => {
  const frames = [
    { name: 'walk/b.png', path: 'in/knight/walk/b.png' },
    { name: 'a.jpg', path: 'in/knight/a.jpg', map: 'maps/a.tif' },
    { name: 'noending', path: 'noending', map: 'm.png' },
    { name: 'é.webp', path: '/elsewhere/é.webp' },
    { name: 'a.b.png', path: 'in/knight/a.b.png' },
  ];
  const collector = new DatasetCollector();
  collector.add({ character: 'rogue', name: 'x.png', path: 'in/rogue/x.png' });
  for (const frame of frames) collector.add({ character: 'knight', ...frame });
  collector.add({ character: 'archer', name: 'y.png', path: 'in/archer/y.png' });
  const found = collector.finish('here');
  // As they cross to another thread.
  const { characters } = unpackDataset(structuredClone(found.packed));
  assert.deepEqual(
    Array.from(characters, (each) => [each.name, each.frames.length]),
    [
      ['archer', 1],
      ['knight', 5],
      ['rogue', 1],
    ],
  );
  assert.deepEqual([...characters.at(2).frames], [{ name: 'x.png', path: 'in/rogue/x.png' }]);
  const list = characters.at(1).frames;
  assert.deepEqual([...list], [...found.characters.at(1).frames]);
  assert.deepEqual(
    [...list],
    [1, 4, 2, 0, 3].map((place) => frames[place]),
  );
  assert.deepEqual(
    [...list].map((_, index) => list.stemOf(index)),
    ['a', 'a.b', 'noending', 'walk/b', 'é'],
  );
  for (const [index, { name }] of [...list].entries()) assert.equal(list.indexOf(name), index);
  for (const name of ['a.png', 'b.png', 'walk', '', 'zz.png']) assert.equal(list.indexOf(name), -1);
});

test('of failures the first thousand by index are kept, whenever they come', () => {
  const failures = new FailureList();
  for (let index = 4999; index >= 0; index--) failures.add(index, { what: `m${index}` });
  assert.equal(failures.count, 5000);
  const first = failures.first();
  assert.equal(first.length, 1000);
  assert.deepEqual(
    [first[0], first[999]],
    [
      { index: 0, detail: { what: 'm0' } },
      { index: 999, detail: { what: 'm999' } },
    ],
  );
});

test('half a million frames are listed and tracked in a heap that could not hold as many objects', () => {
  const modules = ['dataset', 'frame-table'].map(
    (name) => new URL(`../../coordinator/dataset/frames/${name}.js`, import.meta.url),
  );
  const script = `
    import { DatasetCollector } from '${modules[0]}';
    import { FrameTable } from '${modules[1]}';
    const count = 500_000;
    const name = (index) => \`walk/\${String(index).padStart(7, '0')}.png\`;
    const collector = new DatasetCollector();
    for (let index = 0; index < count; index++) {
      const shuffled = (index * 7919) % count;
      collector.add({ character: 'knight', name: name(shuffled), path: 'frames/knight/' + name(shuffled) });
    }
    const { frames } = collector.finish('here').characters.at(0);
    const table = new FrameTable(count, 'spill');
    for (let index = 0; index < count; index++) {
      if (frames.at(index).name !== name(index)) throw new Error(name(index));
      table.setSpilled(index, { file: 'spill/1-2.raw', offset: index * 4, size: { width: 1, height: 1 }, crc: index });
    }
    if (frames.indexOf(name(321_987)) !== 321_987 || table.spilled(5).crc !== 5) throw new Error('lost');
  `;
  const args = ['--max-old-space-size=20', '--input-type=module', '--eval', script];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr.slice(-2000));
});
