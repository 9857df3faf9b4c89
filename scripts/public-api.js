// Prints the public API, one exported name a line, as `value NAME` or `type NAME`; `--update` writes it to
// test/fixtures/public-api.txt, which a test holds against the build. Needs dist/ to be built.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Names in the export lists and declarations of a .d.ts file; a star hides names, so it is refused. */
function declaredNames(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
  if (/\bexport\s*\*/.test(code)) throw new Error('index.ts: `export *` hides what is public; list the names');
  const listed = [...code.matchAll(/\bexport\s+(?:type\s+)?\{([^}]*)\}/g)].flatMap(([, list]) =>
    list
      .split(',')
      .map((item) => item.trim().replace(/^type\s+/, ''))
      .filter((item) => item !== '')
      .map((item) => item.split(/\s+as\s+/).at(-1)),
  );
  const declaration =
    /\bexport\s+(?:declare\s+)?(?:abstract\s+)?(?:const|let|function|class|interface|type|enum)\s+([A-Za-z_$][\w$]*)/g;
  return [...listed, ...[...code.matchAll(declaration)].map(([, name]) => name)];
}

const values = Object.keys(await import(join(root, 'dist/index.js')));
const declared = declaredNames(readFileSync(join(root, 'dist/index.d.ts'), 'utf8'));
const types = declared.filter((name) => !values.includes(name));
const lines = [...values.map((name) => `value ${name}`), ...types.map((name) => `type ${name}`)];
const text = `${[...new Set(lines)].sort().join('\n')}\n`;
if (process.argv[2] === '--update') writeFileSync(join(root, 'test/fixtures/public-api.txt'), text);
else process.stdout.write(text);
