/** The sample types of images and maps. */
export const DTYPES = ['uint8', 'uint16', 'uint32', 'float32'] as const;
export type DType = (typeof DTYPES)[number];

/** The types that every filter takes; uint32 is for labels, and only operations that say so take it. */
export const FILTERED_DTYPES = ['uint8', 'uint16', 'float32'] as const satisfies readonly DType[];

/** Bytes of one sample. */
export const SAMPLE_BYTES = { uint8: 1, uint16: 2, uint32: 4, float32: 4 } as const satisfies Record<DType, number>;

/** The largest integer of the type; for float32 the value that a full-range integer maps to, 1 is not assumed. */
export const INTEGER_MAX = { uint8: 255, uint16: 65535, uint32: 0xffff_ffff } as const;

export type Samples = Uint8Array | Uint16Array | Uint32Array | Float32Array;

/** A new zeroed array of `length` samples. */
export function allocateSamples(dtype: DType, length: number): Samples {
  return viewSamples(dtype, new ArrayBuffer(length * SAMPLE_BYTES[dtype]), 0, length);
}

/** A typed view of `length` samples at `byteOffset`, which must be aligned to the sample. */
export function viewSamples(dtype: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): Samples {
  switch (dtype) {
    case 'uint8':
      return new Uint8Array(buffer, byteOffset, length);
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, length);
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, length);
    case 'float32':
      return new Float32Array(buffer, byteOffset, length);
  }
}

/** The samples' bytes, a view of the same memory. */
export function bytesOf(samples: Samples): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** Stores a real as a sample: integers are rounded half up and clamped, NaN becomes 0; floats are kept. */
export function toSample(dtype: DType, value: number): number {
  if (dtype === 'float32') return value;
  if (Number.isNaN(value)) return 0;
  return Math.min(INTEGER_MAX[dtype], Math.max(0, Math.floor(value + 0.5)));
}
