// Prints docs/cli.md, made of the commands themselves; `--update` writes it. Needs dist/ to be built.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { cliPage } = await import(join(root, 'dist/cli/help/cli-page.js'));
const page = await cliPage();
if (process.argv[2] === '--update') writeFileSync(join(root, 'docs/cli.md'), page);
else process.stdout.write(page);
