import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../support/scratch-folder.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CONSUMER = `import { type DatasetSpecInput, HalotileError, type JobSpecInput, runDataset, runJob } from 'halotile';
export const spec: JobSpecInput = { image: 'a', output: 'b', operations: [{ name: 'box' }] };
export const set: DatasetSpecInput = { frames: ['a'], output: 'b' };
export const crc: Promise<string> = runJob(spec, { threads: 1 }).then((result) => result.crc);
export const written: Promise<number> = runDataset(set).then((result) => result.frames.written);
export const tag = (error: HalotileError): string => error.tag;
// @ts-expect-error: a job has an output
export const wrong: JobSpecInput = { image: 'a', operations: [] };
`;

function succeeds(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
}

test('a consumer of the packed package compiles, declarations of libraries checked too', () => {
  const folder = scratchFolder();
  succeeds('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], ROOT);
  succeeds('sh', ['-c', 'tar xzf ./*.tgz'], folder);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'package/node_modules'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(folder, 'package'), join(folder, 'node_modules/halotile'));
  symlinkSync(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  writeFileSync(join(folder, 'main.ts'), CONSUMER);
  const compilerOptions = { module: 'nodenext', target: 'es2023', strict: true, noEmit: true, skipLibCheck: false };
  const tsconfig = { compilerOptions: { ...compilerOptions, types: ['node'] }, files: ['main.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  succeeds(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'], folder);
});
