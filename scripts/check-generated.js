// Fails where something generated is older than what it is generated from: makes every generated file anew in a
// temporary folder and compares bytes. Needs dist/ to be built. The list below is the whole list.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

/** What is generated, where it lies, how to bring it up to date, and how to make it in another folder. */
const GENERATED = [
  {
    what: 'message classes',
    folder: 'proto/gen',
    remedy: 'npm run proto',
    make: (out) => run(['scripts/generate-proto.js', out]),
  },
  {
    what: 'public API',
    folder: 'test/fixtures',
    files: ['public-api.txt'],
    remedy: 'npm run update:api',
    make: (out) => writeFileSync(join(out, 'public-api.txt'), run(['scripts/public-api.js'])),
  },
  ...[
    ['worker/kernels/wasm', 'worker/kernels/wasm/memory'],
    ['cli/demo', 'cli/demo'],
  ].map(([owner, folder]) => ({
    what: `types of the WebAssembly modules of ${owner}`,
    folder,
    files: ['modules.ts'],
    remedy: 'npm run update:kernels',
    make: (out) => writeFileSync(join(out, 'modules.ts'), run(['scripts/kernel-types.js', owner])),
  })),
  {
    what: 'uniforms of the WGSL programs',
    folder: 'worker/kernels/webgpu/device',
    files: ['uniform-structs.ts'],
    remedy: 'npm run update:kernels',
    make: (out) => writeFileSync(join(out, 'uniform-structs.ts'), run(['scripts/uniform-types.js', '--print'])),
  },
  {
    what: 'the manual of the command',
    folder: 'docs',
    files: ['cli.md'],
    remedy: 'npm run update:cli',
    make: (out) => writeFileSync(join(out, 'cli.md'), run(['scripts/cli-page.js'])),
  },
  {
    what: 'licences',
    folder: 'docs',
    files: ['licences.md'],
    remedy: 'npm run licences',
    make: (out) => writeFileSync(join(out, 'licences.md'), run(['scripts/dependencies.js', '--licences'])),
  },
  ...['worker/kernels/wasm', 'cli/demo'].map((folder) => ({
    what: `WebAssembly modules of ${folder}`,
    folder: join('dist', folder),
    files: filesOf(join('dist', folder)).filter((file) => file.endsWith('.wasm')),
    remedy: 'remove dist/ and run npm run build',
    make: (out) => run(['scripts/build.js', '--modules', folder, out]),
  })),
];

function run(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) {
    console.error(`${args.join(' ')} failed:\n${stdout}${stderr}`);
    process.exit(1);
  }
  return stdout;
}

function filesOf(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

function bytesOf(path) {
  return existsSync(path) ? readFileSync(path) : undefined;
}

const work = mkdtempSync(join(tmpdir(), 'halotile-generated-'));
let stale = 0;
try {
  for (const [index, { what, folder, files, remedy, make }] of GENERATED.entries()) {
    const fresh = join(work, String(index));
    mkdirSync(fresh);
    make(fresh);
    const names = [...new Set([...(files ?? filesOf(folder)), ...filesOf(fresh)])];
    for (const name of names) {
      const [have, want] = [bytesOf(join(folder, name)), bytesOf(join(fresh, name))];
      if (have !== undefined && want !== undefined && have.equals(want)) continue;
      stale++;
      const fault = have === undefined ? 'is missing' : want === undefined ? 'is no longer generated' : 'is stale';
      console.error(`${join(folder, name)}: ${fault}; ${remedy}`);
    }
    console.log(`${what}: ${names.length} files compared`);
  }
} finally {
  rmSync(work, { recursive: true });
}
process.exitCode = stale === 0 ? 0 : 1;
