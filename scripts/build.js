// Builds everything that `dist/` holds: TypeScript by tsc, kernels by the AssemblyScript compiler, the page by Vite,
// the command's bundle by Rolldown, generated message classes and GPU programs by copy.
// Outputs newer than all of their sources are left alone, so a second run costs well under a second.
// `--modules FOLDER OUT` builds only that folder's modules, into another folder: how the stale check compares.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
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

/** One WebAssembly module per file under FOLDER/assembly, at the same place under `out`; FOLDER/assembly/lib holds shared parts. */
async function buildWasm(owner, out) {
  const folder = join(owner, 'assembly');
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.ts'));
  for (const file of files.filter((file) => dirname(file) !== 'lib')) {
    const target = join(out, file.replace(/\.ts$/, '.wasm'));
    mkdirSync(dirname(target), { recursive: true });
    if (newest([target]) > newest([...partsOf(join(folder, file)), 'package-lock.json'])) continue;
    await compileWasm(join(folder, file), target, ['--importMemory']);
  }
}

/** An AssemblyScript file and those that it imports. */
function partsOf(file) {
  const imports = readFileSync(file, 'utf8').matchAll(/ from '(?<name>\.[^']+)'/g);
  return [file, ...[...imports].flatMap(({ groups }) => partsOf(join(dirname(file), `${groups.name}.ts`)))];
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

/** Removes what dist/ holds of sources that are gone: stale tests would run, stale modules would be shipped. */
function removeOrphans() {
  if (!existsSync('dist')) return;
  for (const file of readdirSync('dist', { recursive: true })) {
    const sources = sourcesOf(file);
    if (sources.length > 0 && !sources.some((source) => existsSync(source))) rmSync(join('dist', file));
  }
}

/** What a file of dist/ may be built from; none where it is not known. */
function sourcesOf(file) {
  // Vite empties the folder of the page itself.
  if (file.startsWith(join('web', '/'))) return [];
  // Made anew as a whole.
  if (file.startsWith(join('bundle', '/'))) return [];
  const owner = WASM_FOLDERS.find((folder) => file.startsWith(join(folder, '/')));
  if (file.startsWith(join('proto/gen', '/'))) return [file];
  if (/\.(?:js|d\.ts)$/.test(file)) return ['.ts', '.d.ts'].map((end) => file.replace(/\.(?:js|d\.ts)$/, end));
  if (file.endsWith('.wgsl')) return [file];
  if (file.endsWith('.wasm') && owner) return [join(owner, 'assembly', relative(owner, file).replace(/wasm$/, 'ts'))];
  return [];
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

/** The page for browsers, in a process of its own: Vite is not loaded where nothing changed. */
function buildPage() {
  if (newest(['dist/web/index.html']) > newest(['web', 'proto/page', 'package-lock.json'])) return;
  const { status } = spawnSync(process.execPath, ['scripts/build-page.js'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** What the command loads, in few files; in a process of its own for the same reason. */
function buildBundle() {
  const folders = ['cli', 'coordinator', 'library', 'proto', 'threads', 'tiling', 'worker'];
  const sources = [...folders.map((folder) => join('dist', folder)), 'scripts/bundle.js', 'package-lock.json'];
  if (newest(['dist/bundle/command-line.js']) > newest(sources)) return;
  const { status } = spawnSync(process.execPath, ['scripts/bundle.js'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** GPU programs are read at run time, by name. */
function copyShaders() {
  const folder = 'worker/kernels/webgpu';
  const filter = (path) => statSync(path).isDirectory() || path.endsWith('.wgsl');
  cpSync(folder, join('dist', folder), { recursive: true, preserveTimestamps: true, filter });
}

if (process.argv[2] === '--modules') await buildWasm(process.argv[3], resolve(process.argv[4]));
else {
  removeOrphans();
  for (const folder of WASM_FOLDERS) await buildWasm(folder, join('dist', folder));
  await buildExampleKernels();
  copyGenerated();
  copyShaders();
  buildTypeScript();
  buildBundle();
  buildPage();
}
