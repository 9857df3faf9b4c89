import { ThreadPoolExecutor } from '../../worker/index.js';

/** Opens thread pools and closes each while its threads load: `node pool-openings.js COUNT`. */
const count = Number(process.argv[2]);
for (let opening = 0; opening < count; opening++) {
  const pool = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name: `opening-${opening}` });
  // Spread over what loading takes.
  await new Promise((resolve) => setTimeout(resolve, 30 + (150 * opening) / count));
  await pool.close();
}
