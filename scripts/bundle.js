// Joins what the command and its threads load into few files under dist/bundle/: some 300 modules read one by one take
// longer than a small image does. The library is left as it is; its users bundle it themselves, or not.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const out = join(dist, 'bundle');

/** What a process or a thread begins with; `new URL('NAME', import.meta.url)` finds them in the bundle as outside. */
const ENTRIES = [
  'cli/command-line.js',
  'cli/demo/scene-thread.js',
  'coordinator/cluster/file-thread.js',
  'coordinator/service/planning-thread.js',
  'coordinator/web/picture-thread.js',
  'threads/places/fetch-thread.js',
  'threads/places/upload-thread.js',
  'worker/gpu/device-process.js',
  'worker/kernels/custom/kernel-process.js',
  'worker/kernels/custom/kernel-thread.js',
  'worker/threads/task-thread.js',
];

/** Small packages that every command or thread loads; all others stay packages, loaded where they are used. */
const JOINED = ['commander', 'fdir', 'picomatch', 'tinyglobby', 'yaml', 'zod'];

/** What a job over an image loads, by who loads it: the command line, the job, and the thread that runs its tiles. */
const OF_AN_IMAGE = {
  command: ['cli/command-line.js'],
  job: ['cli/commands/blur.js', 'cli/commands/process.js'],
  tiles: ['worker/threads/own-thread.js', 'worker/work/filter.js', 'worker/work/overview.js', 'worker/work/copy.js'],
};

const entries = new Set(ENTRIES.map((file) => join(dist, file)));
const entryNames = new Set(ENTRIES.map((file) => basename(file)));

/** Files that a module names relative to itself are still found from the bundle. */
const filesBesideModules = {
  name: 'files-beside-modules',
  transform(code, id) {
    if (!code.includes('import.meta.url')) return null;
    const module = `new URL(${JSON.stringify(`../${relative(dist, id)}`)}, import.meta.url)`;
    const names = [...code.matchAll(/new URL\('([^']+\.js)', import\.meta\.url\)/g)].map((match) => match[1]);
    const unknown = names.find((name) => !entryNames.has(basename(name)));
    if (unknown !== undefined)
      throw new Error(`${relative(dist, id)} starts ${unknown}, which is no entry of the bundle`);
    return code
      .replace(/new URL\('(?:[^']*\/)?([^'/]+\.js)', import\.meta\.url\)/g, "new URL('./$1', import.meta_url)")
      .replaceAll('import.meta.url', module)
      .replaceAll('import.meta_url', 'import.meta.url');
  },
};

function isPackage(id) {
  if (id.startsWith('.') || id.startsWith('/')) return false;
  return !JOINED.some((name) => id === name || id.startsWith(`${name}/`));
}

/**
 * The name of one file for all modules that the same ones of {@link OF_AN_IMAGE} load, by module: as many files as a
 * bundler makes by itself take longer to find, open and read than to run.
 */
function loadedTogether(chunks) {
  const chunkOf = new Map(chunks.flatMap((chunk) => (chunk.moduleIds ?? []).map((id) => [id, chunk])));
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const names = new Map();
  for (const [name, files] of Object.entries(OF_AN_IMAGE)) {
    const loaded = new Set(files.map((file) => chunkOf.get(join(dist, file))));
    for (const { imports } of loaded) for (const file of imports) if (byName.has(file)) loaded.add(byName.get(file));
    for (const { moduleIds } of loaded) {
      for (const id of moduleIds) if (!entries.has(id)) names.set(id, [...(names.get(id) ?? []), name]);
    }
  }
  return new Map([...names].map(([id, loaders]) => [id, loaders.join('-')]));
}

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(ENTRIES.map((file) => [basename(file, '.js'), join(dist, file)])),
  platform: 'node',
  external: isPackage,
  preserveEntrySignatures: 'allow-extension',
  plugins: [filesBesideModules],
  // Only entries do something when they are loaded: what is merely named by an index is left out.
  treeshake: { moduleSideEffects: (id) => ENTRIES.some((file) => resolve(dist, file) === id) },
  // Kinds of work that only their own tasks load elsewhere are part of whole images.
  checks: { ineffectiveDynamicImport: false },
  logLevel: 'warn',
});
const options = { dir: out, format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' };
const { output: chunks } = await bundle.generate(options);
const together = loadedTogether(chunks);
rmSync(out, { recursive: true, force: true });
await bundle.write({
  ...options,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [{ debugName: 'loaded together', name: (id) => together.get(id) ?? null }],
  },
});

/** The licences of what is joined go with it. */
const licences = JOINED.map((name) => {
  const folder = join(root, 'node_modules', name);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
});
writeFileSync(join(out, 'LICENSES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
