import { runCollection } from '../../library/calls.js';

/**
 * A job over many images in a process of its own that says how far it is: `node collection-process.js SPEC DURABLE` prints
 * a line with the number of finished tiles whenever it changes. With `true` for DURABLE every image is a job by itself.
 */
await runCollection(JSON.parse(process.argv[2]!), {
  threads: 2,
  durable: process.argv[3] === 'true',
  onProgress: ({ tilesDone }) => process.stdout.write(`${tilesDone}\n`),
});
