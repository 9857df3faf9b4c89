import { UNIFORM_STRUCTS } from './uniform-structs.js';

type Structs = typeof UNIFORM_STRUCTS;

/** A WGSL file that declares uniforms. */
export type UniformFile = keyof Structs;

/** A number for each uniform that a file declares. */
export type UniformValues<F extends UniformFile> = Readonly<Record<keyof Structs[F], number>>;

/** A program's uniforms as its device reads them. */
export interface Uniforms {
  readonly file: UniformFile;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The bytes of a file's `struct Params`; integers wrap at 2^32. */
export function uniformsOf<F extends UniformFile>(file: F, values: UniformValues<F>): Uniforms {
  const fields = Object.entries<string>(UNIFORM_STRUCTS[file]);
  const view = new DataView(new ArrayBuffer(fields.length * 4));
  for (const [index, [name, type]] of fields.entries()) {
    const value = values[name as keyof Structs[F]];
    if (type === 'f32') view.setFloat32(index * 4, value, true);
    else view.setUint32(index * 4, value, true);
  }
  return { file, bytes: new Uint8Array(view.buffer) };
}
