import { z } from 'zod';
import type { halotile } from '../../proto/gen/messages.js';
import { badUsage } from '../../tiling/errors.js';

const MAX_SLOTS = 4096;
const MAX_ROOTS = 256;
const MAX_BACKENDS = 32;
const MAX_LABELS = 32;

/** One line that may go into a log. */
const text = z
  .string()
  .max(256)
  .regex(/^\P{Cc}*$/u, 'has control characters');

const helloSchema = z.object({
  // Part files are called by it.
  instance: z.string().regex(/^[A-Za-z0-9._-]{8,128}$/, 'is not 8 to 128 letters, digits, dots, dashes, underscores'),
  name: text,
  version: text,
  backends: z.array(text).max(MAX_BACKENDS),
  boundedBackends: z.array(text).max(MAX_BACKENDS),
  slots: z.number().int().min(1).max(MAX_SLOTS),
  memoryBytes: z.number().min(0),
  roots: z.array(text).max(MAX_ROOTS),
  labels: z.record(text, text).refine((labels) => Object.keys(labels).length <= MAX_LABELS, 'has too many entries'),
});

/**
 * Refuses a worker that says too much of itself, or what cannot be.
 * @throws bad-usage with the first fault
 */
export function checkHello(hello: halotile.v1.IHello): void {
  const { success, error } = helloSchema.safeParse(hello);
  if (success) return;
  const { path, message } = error.issues[0]!;
  throw badUsage({ what: `${path.slice(0, 1).join('')} of the hello: ${message}` });
}
