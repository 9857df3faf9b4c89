// A server of a folder that answers every request after a pause, in a process of its own: node slow-store.js FOLDER MS
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const [folder, pauseMs] = [process.argv[2]!, Number(process.argv[3])];

const server = createServer((request, response) => {
  setTimeout(() => {
    const path = join(folder, decodeURIComponent(new URL(request.url!, 'http://host').pathname));
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) return void response.writeHead(404).end();
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const end = Math.min(stat.size - 1, to === '' ? stat.size : Number(to));
    const part = Buffer.alloc(end + 1 - Number(from));
    const file = openSync(path, 'r');
    readSync(file, part, 0, part.length, Number(from));
    closeSync(file);
    const range = `bytes ${from}-${end}/${stat.size}`;
    response.writeHead(206, { etag: `"${stat.mtimeMs}"`, 'content-length': part.length, 'content-range': range });
    response.end(part);
  }, pauseMs);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
