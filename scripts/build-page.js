// Builds the page of web/ into dist/web/, with Vite, and checks its types.
import { spawnSync } from 'node:child_process';
import { build } from 'vite';

const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'web'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
await build({ configFile: 'web/vite.config.js' });
