import { z } from 'zod';

/** The name of a file or folder, or what stands for several: some text, without the zero byte that no name holds. */
export const pathText = z
  .string()
  .min(1, { error: 'the name is empty' })
  .refine((name) => !name.includes('\0'), { error: 'a name cannot hold a zero byte' });
