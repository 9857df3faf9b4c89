import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';
import { BORDERS } from '../../tiling/operations/index.js';
import { runApart } from '../../worker/kernels/custom/run-apart.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { imageOf, noise } from './box-tiles.js';
import { type OperationCase, ownModule, resolve, runTiled, tileInputs } from './operation-tiles.js';

const EXAMPLES = new URL('../../examples/kernels/', import.meta.url);
const C_SOURCES = fileURLToPath(new URL('../../../examples/kernels/c/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'halotile-custom-'));
after(() => rmSync(scratch, { recursive: true }));

const random = noise(11);
const image = imageOf({ width: 41, height: 29 }, { dtype: 'uint8', channels: 2 }, () => random(256));
const floats = imageOf({ width: 19, height: 13 }, { dtype: 'float32', channels: 1 }, () => random(1000) / 100);
const tile = { width: 16, height: 16 };

function customCase(module: string, params: Record<string, string | number> = {}): OperationCase {
  return { image, name: 'custom', params: { module, ...params } };
}

/** The example runs in two tile orders and untiled with equal results; these. */
function runPurely(example: OperationCase) {
  const forward = runTiled(example, tile);
  assert.deepEqual(runTiled(example, tile, undefined, 'backward').samples, forward.samples);
  assert.deepEqual(runTiled(example, { width: 64, height: 64 }).samples, forward.samples);
  return forward.samples;
}

function assertIsMaximum(module: string): void {
  for (const border of BORDERS) {
    for (const nodata of [undefined, [7, 200]]) {
      const shared = { border, constant: 3, ...(nodata && { nodata }) };
      const params = { footprint: 'disk:4' };
      const mine = runPurely({ ...customCase(module, params), ...shared });
      assert.deepEqual(mine, runTiled({ image, name: 'max', params, ...shared }, tile).samples, `border ${border}`);
    }
  }
}

/** A module made of AssemblyScript source, as a URL that the planner can read. */
async function compiled(source: string, options: Record<string, unknown> = { maximumMemory: 4 }): Promise<string> {
  const always = { optimizeLevel: 2, runtime: 'stub', noAssert: true, use: ['abort='], initialMemory: 1 };
  const { error, binary, stderr } = await asc.compileString(source, { ...always, ...options });
  assert.equal(error, null, stderr.toString());
  const path = join(scratch, `${random(2 ** 30)}.wasm`);
  writeFileSync(path, binary as Uint8Array);
  return pathToFileURL(path).href;
}

const BUFFER = 'export function halotile_buffer(bytes: i32): usize { return heap.alloc(bytes); }\n';
const pixel = (body: string) =>
  `${BUFFER}export function halotile_pixel(samples: usize, weights: usize, count: i32, user: usize, userCount: i32,
    x: i32, y: i32, width: i32, height: i32, channel: i32): f64 { ${body} }`;

test('the AssemblyScript example max-row is the maximum under a footprint', () => {
  assertIsMaximum(new URL('max-row.wasm', EXAMPLES).href);
});

test('the AssemblyScript example vignette knows positions and user numbers', () => {
  const samples = runPurely(customCase(new URL('vignette.wasm', EXAMPLES).href, { data: '0.5' }));
  const expected = Array.from(image.samples, (sample, i) => {
    const x = (Math.floor(i / 2) % 41) + 0.5 - 20.5;
    const y = Math.floor(i / 82) + 0.5 - 14.5;
    const corner = (41 * 41 + 29 * 29) / 4;
    return Math.min(255, Math.floor(sample * (1 + (0.5 * (x * x + y * y)) / corner) + 0.5));
  });
  assert.deepEqual(Array.from(samples), expected);
});

const clang = spawnSync('clang', ['--version']).status === 0 && spawnSync('wasm-ld', ['--version']).status === 0;

function builtFromC(name: string): string {
  const out = join(scratch, `${name}.wasm`);
  const link = ['-nostdlib', '-Wl,--no-entry', '-Wl,-z,stack-size=4096', '-Wl,--max-memory=4194304'];
  const source = join(C_SOURCES, `${name}.c`);
  execFileSync('clang', ['--target=wasm32', '-O3', '-msimd128', ...link, '-o', out, source]);
  return pathToFileURL(out).href;
}

test('the C example weighted-mean is the weighted mean', { skip: !clang && 'clang and wasm-ld are not here' }, () => {
  const module = builtFromC('weighted-mean');
  for (const border of BORDERS) {
    const shared = { border, constant: 3, nodata: [7, 200] };
    const mine = runPurely({ ...customCase(module, { footprint: 'disk:3' }), ...shared });
    assert.deepEqual(mine, runTiled({ image, name: 'mean', params: { footprint: 'disk:3' }, ...shared }, tile).samples);
  }
  const weights = join(scratch, 'weights.txt');
  writeFileSync(weights, '. 1 .\n1 2 1\n. 1 .\n');
  const samples = runPurely({ ...customCase(module, { weights: pathToFileURL(weights).href }), image: floats });
  const at = (x: number, y: number) => floats.samples[y * 19 + x]!;
  assert.equal(samples[5 * 19 + 5], Math.fround((at(5, 4) + at(4, 5) + 2 * at(5, 5) + at(6, 5) + at(5, 6)) / 6));
});

test('the C example max-row is the maximum under a footprint', {
  skip: !clang && 'clang and wasm-ld are not here',
}, () => {
  assertIsMaximum(builtFromC('max-row'));
});

test('a module that breaks a rule is refused by name before any work', async () => {
  const refused: [Promise<string>, RegExp][] = [
    [compiled(BUFFER), /exports no kernel/],
    [compiled(pixel('return 0').replace('halotile_buffer', 'other')), /does not export halotile_buffer/],
    [compiled(`${BUFFER}export function halotile_pixel(x: i32): i32 { return x; }`), /has the type \(i32\) → \(i32\)/],
    [compiled(`declare function now(): f64;\n${pixel('return now()')}`), /imports .*now/],
    [compiled(pixel('return 0'), {}), /no declared maximum/],
    [compiled(pixel('return 0'), { maximumMemory: 2000 }), /grow to 2000 pages/],
    [compiled(pixel('return atomic.load<i32>(samples)'), { maximumMemory: 4, enable: ['threads'] }), /atomic/],
  ];
  for (const [making, message] of refused) {
    const module = await making;
    assert.throws(() => resolve(customCase(module)), message);
  }
  writeFileSync(join(scratch, 'text.wasm'), 'no module');
  assert.throws(() => resolve(customCase(pathToFileURL(join(scratch, 'text.wasm')).href)), /no WebAssembly module/);
});

/** The first tile of a case, as tiles of a job run it: in a process of the module's own. */
async function firstTileApart(example: OperationCase): Promise<TileRaster> {
  const [first] = tileInputs(example, tile).tiles;
  const { input, output, operation, context } = first!;
  await runApart(input, output, operation, context);
  return output;
}

test('a trap, an endless loop and a full buffer fail the tile with the module named', async () => {
  const trap = customCase(await compiled(pixel('unreachable(); return 0')));
  const failed = (message: RegExp) => ({ tag: 'kernel-failed', message });
  await assert.rejects(firstTileApart(trap), failed(/\.wasm at 0,0 16×16: the kernel trapped: unreachable/));
  const endless = customCase(await compiled(pixel('while (true) { x++; store<i32>(user, x); } return 0')), {
    limitMs: 200,
  });
  await assert.rejects(firstTileApart(endless), failed(/the kernel took longer than 200 ms/));
  const full = customCase(await compiled(pixel('return 0').replace('heap.alloc(bytes)', '0')));
  await assert.rejects(firstTileApart(full), failed(/halotile_buffer gave 0/));
});

test('a tile is the same in a process of its own', async () => {
  for (const [name, options] of [
    ['max-row', { footprint: 'disk:4' }],
    ['vignette', { data: '0.5' }],
  ] as const) {
    const example = { ...customCase(new URL(`${name}.wasm`, EXAMPLES).href, options), nodata: [7, 200] };
    const [first] = tileInputs(example, tile).tiles;
    const { input, output, operation, context } = first!;
    ownModule(input, output, operation, context);
    assert.deepEqual((await firstTileApart(example)).samples, output.samples, name);
    // The process that is there already runs the next one.
    assert.deepEqual((await firstTileApart(example)).samples, output.samples, name);
  }
});

test('a kernel may grow its memory between two rows and two pixels', async () => {
  const row = `${BUFFER}export function halotile_row(samples: usize, offsets: usize, weights: usize, count: i32,
    out: usize, pixels: i32, user: usize, userCount: i32, x: i32, y: i32, width: i32, height: i32, channel: i32): void {
    if (y == 3) memory.grow(1);
    for (let i = 0; i < pixels; i++) store<f64>(out + i * 8, <f64>load<f32>(samples + i * 4) + <f64>memory.size());
  }`;
  const same = pixel(`if (x == 3 && y == 3) memory.grow(1);
    return load<f64>(samples) + <f64>memory.size();`);
  for (const source of [row, same]) {
    const example = customCase(await compiled(source, { maximumMemory: 2 }));
    const samples = runTiled({ ...example, image: floats }, { width: 64, height: 64 }).samples;
    const grown = source === row ? 3 * 19 : 3 * 19 + 3;
    assert.deepEqual(
      Array.from(samples),
      Array.from(floats.samples, (sample, i) => Math.fround(sample + (i < grown ? 1 : 2))),
    );
  }
});

test('what a kernel remembers ends with its tile, and every NaN is the same', async () => {
  const counting = `let calls: f64 = 0;\n${pixel('calls += 1; return calls')}`;
  const module = await compiled(counting);
  const forward = runTiled(customCase(module), tile).samples;
  assert.deepEqual(runTiled(customCase(module), tile, undefined, 'backward').samples, forward);
  const nan = await compiled(pixel('return reinterpret<f64>(<i64>0x7ff8123456789abc)'));
  const samples = runTiled({ ...customCase(nan), image: floats }, tile).samples;
  assert.ok(new Uint32Array(samples.buffer).every((bits) => bits === 0x7fc00000));
});
