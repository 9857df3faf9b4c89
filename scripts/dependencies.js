// Judges package-lock.json: every package is locked by its hash and by nothing else, none is deprecated, none needs an
// install script, all licences are known ones. `--lock FILE` judges another one; `--licences` prints docs/licences.md
// instead, `--update` writes it.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Packages with an install script, which never runs here (.npmrc), and why that is no loss. */
const SCRIPTS_NOT_NEEDED = {
  '@bufbuild/buf': 'fetches the program where its package for the platform is absent; the lock file has those',
  'msgpackr-extract':
    'builds a faster reader of texts where its package for the platform is absent; msgpackr does without',
  protobufjs: 'says that a range of versions is not pinned as it recommends',
  webgpu: 'takes the mark of a download off the program on macOS',
};
/** Licences that the lock file does not know, by the package's own LICENSE file. */
const LICENCES = { 'prelude-ls': 'MIT' };
/** Licences that a program under MIT may be built with and call; LGPL is libvips, which sharp loads as a library. */
const KNOWN_LICENCES = new Set([
  ...['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'LGPL-3.0-or-later'],
  ...['MIT', 'Python-2.0', 'Unlicense', 'Zlib'],
]);

const [action, file] = process.argv.slice(2);
const lock = JSON.parse(readFileSync(action === '--lock' ? file : join(root, 'package-lock.json'), 'utf8'));
const packages = Object.entries(lock.packages)
  .filter(([path]) => path !== '')
  .map(([path, entry]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return { ...entry, name, licence: entry.license ?? LICENCES[name] };
  });

function faults() {
  const found = packages.flatMap(
    ({ name, version, integrity, resolved, deprecated, hasInstallScript, licence, dev }) => {
      const named = Object.hasOwn(SCRIPTS_NOT_NEEDED, name);
      return [
        [!/^sha512-/.test(integrity ?? ''), 'is not locked by a SHA-512; remove its entry and run npm install'],
        [resolved !== undefined, 'is locked to a registry; npm of this folder leaves that out (.npmrc)'],
        [deprecated !== undefined, `is deprecated (${deprecated}); replace it`],
        [hasInstallScript === true && !named, 'has an install script; see that it works without and name it here'],
        [licence === undefined, 'has no licence in the lock file; look into it and name it here'],
        [
          licence !== undefined && !isKnown(licence) && !(dev && KNOWN_FOR_BUILDING.has(licence)),
          `has the licence ${licence}; see whether it may be used`,
        ],
      ]
        .filter(([is]) => is)
        .map(([, what]) => `${name} ${version}: ${what}`);
    },
  );
  for (const name of [...Object.keys(SCRIPTS_NOT_NEEDED), ...Object.keys(LICENCES)]) {
    if (!packages.some((entry) => entry.name === name)) found.push(`${name}: is named here and not locked; remove it`);
  }
  if (!/^ignore-scripts=true$/m.test(readFileSync(join(root, '.npmrc'), 'utf8'))) {
    found.push('.npmrc: install scripts may run; write ignore-scripts=true');
  }
  return found;
}

/** Of packages that build and test alone, and of which nothing is passed on: axe-core, and what Vite minifies styles with. */
const KNOWN_FOR_BUILDING = new Set(['MPL-2.0']);

/** Whether all parts of a licence expression are known, or one of its alternatives. */
function isKnown(expression) {
  const plain = expression.replace(/^\((.*)\)$/, '$1');
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((part) => KNOWN_LICENCES.has(part)));
}

function licences() {
  const row = ({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`;
  const table = (entries) => [...new Set(entries.map(row))].sort();
  const section = (title, entries) => [
    `## ${title}`,
    '',
    '| package | version | licence |',
    '|---|---|---|',
    ...table(entries),
    '',
  ];
  return [
    '# Licences of what halotile is built with',
    '',
    'Generated from package-lock.json by `npm run licences`; do not edit. Packages for other platforms are listed too.',
    '',
    ...section(
      'Installed with it',
      packages.filter(({ dev }) => !dev),
    ),
    ...section(
      'For building and testing alone',
      packages.filter(({ dev }) => dev),
    ),
  ].join('\n');
}

switch (action) {
  case '--licences':
    process.stdout.write(licences());
    break;
  case '--update':
    writeFileSync(join(root, 'docs/licences.md'), licences());
    break;
  default: {
    const found = faults();
    for (const fault of found) console.error(fault);
    console.log(`${packages.length} packages: ${found.length} faults`);
    process.exitCode = found.length === 0 ? 0 : 1;
  }
}
