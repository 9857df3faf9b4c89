import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTiles, TileLedger } from '../../tiling/stitch/tile-ledger.js';

test('a run that was taken for dead commits and publishes nothing once another has begun', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'halotile-fence-'));
  const tile = (index: number) =>
    ({
      ...{ task: { kind: 'filter', stage: 0, index }, part: '', blocks: [], crc: index, files: [], seconds: {} },
      value: { rasterCrcTerm: 0 },
    }) as never;
  try {
    const first = (await TileLedger.open(folder, { durable: false })).ledger;
    first.commit(tile(0));
    const { ledger: second, state } = await TileLedger.open(folder, { durable: false });
    assert.deepEqual(
      state.tiles.map(({ tileIndex }) => tileIndex),
      [0],
    );
    assert.throws(() => first.commit(tile(1)), { tag: 'interrupted', message: /another run/ });
    assert.throws(() => first.publish('1:2'), { tag: 'interrupted' });
    second.commit(tile(2));
    assert.deepEqual([first.isNewest(), second.isNewest()], [false, true]);
    const { tiles, publishedInode } = readTiles(folder);
    assert.deepEqual([tiles.map(({ tileIndex }) => tileIndex), publishedInode], [[0, 2], undefined]);
    // The other one has published and removed everything.
    rmSync(folder, { recursive: true });
    assert.throws(() => second.assertNewest(), { tag: 'interrupted' });
    first.close();
    second.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('others of the thread have their turn while the ledger of an earlier run is read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'halotile-turns-'));
  const tile = (index: number) =>
    ({
      ...{ task: { kind: 'filter', stage: 0, index }, part: '', blocks: [], crc: index, files: [], seconds: {} },
      value: { rasterCrcTerm: 0 },
    }) as never;
  try {
    const first = (await TileLedger.open(folder, { durable: false })).ledger;
    for (let index = 0; index < 1600; index++) first.commit(tile(index));
    first.close();
    let turns = 0;
    let isOver = false;
    const take = () => {
      turns++;
      if (!isOver) setImmediate(take);
    };
    setImmediate(take);
    const { ledger, state } = await TileLedger.open(folder, { durable: false });
    isOver = true;
    ledger.close();
    assert.equal(state.tiles.length, 1600);
    assert.ok(turns >= 100, `${turns} turns`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
