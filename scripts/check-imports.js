// Holds the direction of imports: tiling ← proto, threads ← worker, coordinator ← library ← cli; proto ← web. Reports FILE:LINE and exits with 1
// where a file imports against it, reads the environment or a clock where it must not, or lies on an import cycle,
// where folders import each other in a circle, where a folder has more files than a reader takes in, and where a unit
// test starts processes.
// An argument names another tree to check.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the files of a folder may import, by top folder; folders not named here may import anything but tests. */
const MAY_IMPORT = {
  tiling: ['tiling'],
  proto: ['tiling', 'proto'],
  web: ['web', 'proto'],
  threads: ['tiling', 'threads'],
  worker: ['tiling', 'proto', 'threads', 'worker'],
  coordinator: ['tiling', 'proto', 'threads', 'coordinator'],
  library: ['tiling', 'proto', 'threads', 'worker', 'coordinator', 'library'],
};
const TESTS = ['test', 'loadtest'];
const FOLDERS = ['tiling', 'proto', 'web', 'threads', 'worker', 'coordinator', 'library', 'cli', 'loadtest', 'test'];
/** AssemblyScript is another language with its own compiler. */
const SKIPPED = ['worker/kernels/wasm/assembly', 'cli/demo/assembly'];

/** Files of one folder, those of tests aside; with more it has several rooms. */
const MAX_FILES = 25;

/** tiling is pure: no threads, no services. */
const NOT_IN_TILING =
  /^(?:(?:node:)?(?:worker_threads|child_process|perf_hooks)|piscina|ioredis|bullmq|webgpu|@grpc\/.*)$/;
const CHILD_PROCESS = /^(?:node:)?child_process$/;
const CLOCK = /\b(?:Date\.now|performance\.now|process\.hrtime)\b|\bnew Date\(\s*\)/g;
const ENVIRONMENT =
  /\bprocess\s*(?:\??\.\s*env\b|\[\s*['"]env)|\bimport\s*\{[^}]*\benv\b[^}]*\}\s*from\s*['"](?:node:)?process['"]/g;

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[(,=:[!&|?{};]\s*|\breturn\s+)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//g;
const STATIC_IMPORT = /\b(?:import|export)\b[^'"`;]*?\bfrom\s*(?<quote>['"])(?<name>[^'"]+)\k<quote>/g;
const BARE_IMPORT = /\bimport\s*(?<quote>['"])(?<name>[^'"]+)\k<quote>/g;
const DYNAMIC_IMPORT = /\bimport\(\s*(?<quote>['"])(?<name>[^'"]+)\k<quote>/g;
/** A thread's or child's entry file: direction holds for it, but it closes no cycle. */
const ENTRY_URL = /\bnew URL\(\s*(?<quote>['"])(?<name>[^'":]+\.js)\k<quote>\s*,\s*import\.meta\.url/g;

/** The text with comments and regular expressions blanked, lines kept; strings too where `strings` is false. */
function blank(text, strings) {
  return text.replace(TOKEN, (token) => {
    if (token.startsWith('`')) return token;
    if (strings && /^['"]/.test(token)) return token;
    return token.replace(/[^\n]/g, ' ');
  });
}

function lineOf(text, index) {
  return text.slice(0, index).split('\n').length;
}

/** The source files of the tree, relative, with forward slashes. */
function sourcesOf(root) {
  const files = readdirSync(root).filter((name) => name.endsWith('.ts'));
  const walk = (folder) => {
    if (SKIPPED.includes(folder) || !existsSync(join(root, folder))) return;
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules') walk(path);
      } else if (/\.(?:[jt]s|tsx)$/.test(entry.name)) files.push(path);
    }
  };
  FOLDERS.forEach(walk);
  return files.sort();
}

/** The source that a relative import names: compiled names stand for TypeScript files. */
function resolveImport(root, from, name) {
  const path = posix.join(posix.dirname(from), name);
  const stem = path.replace(/\.js$/, '');
  for (const candidate of [`${stem}.ts`, `${stem}.tsx`, `${stem}.d.ts`, path]) {
    if (existsSync(join(root, candidate))) return candidate;
  }
  return path;
}

function importsOf(root, file, text) {
  const found = [];
  for (const [pattern, link] of [
    [STATIC_IMPORT, true],
    [BARE_IMPORT, true],
    [DYNAMIC_IMPORT, false],
    [ENTRY_URL, false],
  ]) {
    for (const match of text.matchAll(pattern)) {
      const { name } = match.groups;
      const target = name.startsWith('.') || pattern === ENTRY_URL ? resolveImport(root, file, name) : undefined;
      found.push({ name, target, link, line: lineOf(text, match.index + match[0].lastIndexOf(name)) });
    }
  }
  return found;
}

const folderOf = (path) => (path.includes('/') ? path.split('/')[0] : '');

function directionFault(file, { name, target }) {
  const folder = folderOf(file);
  if (target === undefined) {
    return folder === 'tiling' && NOT_IN_TILING.test(name) ? `tiling/ must not import ${name}` : undefined;
  }
  if (target.startsWith('../')) return `${name} lies outside the project`;
  const allowed = MAY_IMPORT[folder];
  const to = folderOf(target);
  if (allowed !== undefined && !allowed.includes(to)) {
    return `${folder}/ must not import ${to === '' ? target : `${to}/`} (${name})`;
  }
  if (!TESTS.includes(folder) && TESTS.includes(to)) return `only tests import ${to}/ (${name})`;
  return undefined;
}

function mayReadEnvironment(file) {
  return ['cli', ...TESTS].includes(folderOf(file)) || /(?:^|\/)main\.ts$/.test(file) || file === 'index.ts';
}

/** Every cycle that a depth-first walk closes, as the list of its files. */
function cyclesOf(graph) {
  const state = new Map();
  const path = [];
  const cycles = [];
  const visit = (file) => {
    state.set(file, 'open');
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      if (state.get(next) === 'open') cycles.push(path.slice(path.indexOf(next)));
      else if (!state.has(next)) visit(next);
    }
    path.pop();
    state.set(file, 'done');
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file);
  return cycles;
}

/** How many files of any kind lie in each folder of the sources, that of tests aside. */
function filesByFolder(root) {
  const counts = new Map();
  const walk = (folder) => {
    if (!existsSync(join(root, folder))) return;
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    counts.set(folder, entries.filter((entry) => entry.isFile()).length);
    for (const entry of entries) if (entry.isDirectory()) walk(posix.join(folder, entry.name));
  };
  [...FOLDERS.filter((folder) => folder !== 'test'), 'scripts'].forEach(walk);
  return counts;
}

/** Which folder's files import which other folder's. */
function folderGraph(graph) {
  const folders = new Map();
  for (const [file, links] of graph) {
    const from = posix.dirname(file);
    if (TESTS.includes(folderOf(file))) continue;
    const to = folders.get(from) ?? new Set();
    folders.set(from, to);
    for (const link of links) if (posix.dirname(link) !== from) to.add(posix.dirname(link));
  }
  return folders;
}

/** The groups of folders in which each imports every other, directly or through others of the group. */
function loopsOf(folders) {
  const reached = new Map([...folders.keys()].map((folder) => [folder, reachedFrom(folders, folder)]));
  const groups = new Map();
  for (const [folder, all] of reached) {
    const group = [...all].filter((other) => reached.get(other)?.has(folder)).sort();
    if (group.length > 1) groups.set(group.join(' '), group);
  }
  return [...groups.values()];
}

function reachedFrom(folders, start) {
  const reached = new Set();
  const next = [start];
  while (next.length > 0) {
    for (const folder of folders.get(next.pop()) ?? []) {
      if (!reached.has(folder)) next.push(folder);
      reached.add(folder);
    }
  }
  return reached;
}

/** By which file a unit test starts processes: itself, or what it imports of the tests. */
function starterOf(file, graph, starters) {
  const reached = [file];
  for (const each of reached) {
    if (starters.has(each)) return each;
    for (const next of graph.get(each) ?? [])
      if (folderOf(next) === 'test' && !reached.includes(next)) reached.push(next);
  }
  return undefined;
}

/** All faults of the tree as `FILE:LINE: sentence`, and the number of files read. */
function checkImports(root) {
  const faults = [];
  const graph = new Map();
  const lines = new Map();
  const starters = new Set();
  const files = sourcesOf(root);
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    const code = blank(text, true);
    const links = new Set();
    for (const found of importsOf(root, file, code)) {
      const fault = directionFault(file, found);
      if (fault !== undefined) faults.push(`${file}:${found.line}: ${fault}`);
      if (CHILD_PROCESS.test(found.name)) starters.add(file);
      if (!found.link || found.target === undefined) continue;
      links.add(found.target);
      lines.set(`${file} ${found.target}`, found.line);
    }
    graph.set(file, links);
    if (!mayReadEnvironment(file)) {
      for (const { index } of code.matchAll(ENVIRONMENT)) {
        faults.push(`${file}:${lineOf(code, index)}: only cli/ and main.ts files read the environment`);
      }
    }
    if (folderOf(file) === 'tiling') {
      const plain = blank(text, false);
      for (const { index } of plain.matchAll(CLOCK)) {
        faults.push(`${file}:${lineOf(plain, index)}: tiling/ has no clock; take the time as an argument`);
      }
    }
  }
  for (const file of files.filter((each) => each.startsWith('test/unit/'))) {
    const starter = starterOf(file, graph, starters);
    if (starter !== undefined) faults.push(`${file}: unit tests start no processes, as ${starter} does`);
  }
  for (const cycle of cyclesOf(graph)) {
    const line = lines.get(`${cycle[0]} ${cycle[1] ?? cycle[0]}`);
    faults.push(`${cycle[0]}:${line}: circular import ${[...cycle, cycle[0]].join(' → ')}`);
  }
  for (const loop of loopsOf(folderGraph(graph))) {
    faults.push(`${loop[0]}: these folders import each other in a circle: ${loop.join(', ')}`);
  }
  for (const [folder, count] of filesByFolder(root)) {
    if (count > MAX_FILES) {
      faults.push(`${folder}: ${count} files in one folder, at most ${MAX_FILES}: put what belongs together in a room`);
    }
  }
  return { faults, files: files.length };
}

const root = resolve(process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url))));
const { faults, files } = checkImports(root);
for (const fault of faults) console.error(fault);
console.log(
  `${files} files under ${relative(process.cwd(), root).split(sep).join('/') || '.'}: ${faults.length} import faults`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
