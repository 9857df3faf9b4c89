import { crc32 } from 'node:zlib';
import { remapFrames } from '../frames/remap-frames.js';
import type { Runner } from './runner.js';

/** Writes frames in the colours of a palette. */
export const remap: Runner<'remap'> = async ({ data, outbox }) => {
  let crc = 0;
  const value = await remapFrames(data, (position, { output, index }, { png, pixelCrc }) => {
    outbox.file(position, output, png);
    crc = crc32(`${index}:${pixelCrc};`, crc);
  });
  return { value, crc };
};
