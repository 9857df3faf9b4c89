import { z } from 'zod';

/** A parameter that is on or off: a boolean of a job file, or what a command line writes for one. */
export const flag = z
  .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')], { error: 'true, false' })
  .meta({ description: 'true, false' });
