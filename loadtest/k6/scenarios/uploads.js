// Uploads of 64 KiB in four chunks by many users at once.
import { chunksOf, failed, SHORT, timed, upload, uploadMs } from './coordinator.js';

export const options = {
  scenarios: {
    uploads: {
      executor: 'per-vu-iterations',
      vus: SHORT ? 5 : 50,
      iterations: SHORT ? 2 : 10,
      maxDuration: '3m',
    },
  },
  thresholds: { failed: ['rate==0'], ...timed({ upload_ms: ['p(95)<5000'] }) },
};

const file = chunksOf(64 << 10, 16 << 10);

export default async function () {
  const startMs = Date.now();
  const isWhole = await upload(file);
  uploadMs.add(Date.now() - startMs);
  failed.add(!isWhole);
}
