// Builds everything that `dist/` holds: TypeScript by tsc, kernels by the AssemblyScript compiler, generated
// message classes and GPU programs by copy.
// Outputs newer than all of their sources are left alone, so a second run costs well under a second.
// `--modules FOLDER OUT` builds only that folder's modules, into another folder: how the stale check compares.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

/** Newest modification time under the given files and folders, 0 where there is none. */
function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const stat = statSync(path);
    if (stat.isDirectory()) {
      for (const entry of readdirSync(path)) latest = Math.max(latest, newest([join(path, entry)]));
    } else latest = Math.max(latest, stat.mtimeMs);
  }
  return latest;
}

/** Compiles one AssemblyScript file. The compiler is loaded once for all: a process for each took nine times as long. */
async function compileWasm(source, target, memory) {
  const { default: asc } = await import('assemblyscript/asc');
  const options = ['--enable', 'simd', '-O3', '--runtime', 'stub', '--noAssert', ...memory];
  const { error, stderr } = await asc.main([source, '--outFile', target, ...options]);
  if (error === null) return;
  process.stderr.write(`${stderr}${error.message}\n`);
  process.exit(1);
}

/** Who has WebAssembly modules: AssemblyScript in FOLDER/assembly, built into dist/FOLDER. */
const WASM_FOLDERS = ['worker/kernels/wasm', 'cli/demo'];

/** One WebAssembly module per entry file of FOLDER/assembly; files that start with `lib-` are shared parts. */
async function buildWasm(owner, out) {
  const folder = join(owner, 'assembly');
  mkdirSync(out, { recursive: true });
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  const isShared = (file) => file.startsWith('lib-');
  const shared = newest([...files.filter(isShared).map((file) => join(folder, file)), 'package-lock.json']);
  for (const file of files.filter((file) => !isShared(file))) {
    const target = join(out, file.replace(/\.ts$/, '.wasm'));
    if (newest([target]) > Math.max(shared, newest([join(folder, file)]))) continue;
    await compileWasm(join(folder, file), target, ['--importMemory']);
  }
}

/** The AssemblyScript examples of users' own kernels, as docs/kernel-abi.md tells users to build theirs. */
async function buildExampleKernels() {
  const folder = 'examples/kernels/assemblyscript';
  const out = 'dist/examples/kernels';
  mkdirSync(out, { recursive: true });
  for (const file of readdirSync(folder)) {
    const target = join(out, file.replace(/\.ts$/, '.wasm'));
    if (newest([target]) > newest([join(folder, file), 'package-lock.json'])) continue;
    const memory = ['--initialMemory', '1', '--maximumMemory', '64', '--use', 'abort='];
    await compileWasm(join(folder, file), target, memory);
  }
}

function buildTypeScript() {
  const options = ['-p', '.', '--incremental', '--tsBuildInfoFile', 'dist/tsconfig.tsbuildinfo'];
  const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', ...options], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  if (existsSync('dist/cli/main.js')) chmodSync('dist/cli/main.js', 0o755);
}

/** What scripts/generate-proto.js made goes beside the code that imports it. */
function copyGenerated() {
  cpSync('proto/gen', 'dist/proto/gen', { recursive: true, preserveTimestamps: true });
}

/** GPU programs are read at run time, by name. */
function copyShaders() {
  const folder = 'worker/kernels/webgpu';
  const filter = (path) => path === folder || path.endsWith('.wgsl');
  cpSync(folder, join('dist', folder), { recursive: true, preserveTimestamps: true, filter });
}

if (process.argv[2] === '--modules') await buildWasm(process.argv[3], resolve(process.argv[4]));
else {
  for (const folder of WASM_FOLDERS) await buildWasm(folder, join('dist', folder));
  await buildExampleKernels();
  copyGenerated();
  copyShaders();
  buildTypeScript();
}
