import { setImmediate as turn } from 'node:timers/promises';
import { badInput } from '../errors.js';
import { openBytes } from './open-bytes.js';

const STEP_BYTES = 1 << 20;

/**
 * All bytes of an object, for formats that are read from front to back; others have their turn meanwhile.
 * @throws bad-input where it has more than `maxBytes`
 */
export async function readWhole(url: string, maxBytes: number): Promise<Uint8Array> {
  const object = openBytes(url);
  const { size } = object;
  if (size > maxBytes) {
    throw badInput({
      what: `${size} bytes of a format without blocks`,
      file: url,
      expected: `at most ${maxBytes}, as all of it is fetched before it is decoded`,
      remedy: 'download it first, or write it as a tiled TIFF',
    });
  }
  object.expect?.([{ offset: 0, length: size }]);
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size; done += STEP_BYTES) {
    object.readInto(bytes.subarray(done, done + STEP_BYTES), done, 'the picture');
    await turn();
  }
  return bytes;
}
