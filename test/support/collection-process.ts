import { runCollection } from '../../library/calls.js';

/**
 * A job over many images in a process of its own that says how far it is: `node collection-process.js SPEC.json` prints
 * a line with the number of finished tiles whenever it changes.
 */
await runCollection(JSON.parse(process.argv[2]!), {
  threads: 2,
  onProgress: ({ tilesDone }) => process.stdout.write(`${tilesDone}\n`),
});
