/** `Atomics.waitAsync`: ES2024, in Node since 16; not in the library of types that Node 20 is compiled with. */
export const { waitAsync } = Atomics as unknown as {
  waitAsync(
    words: Int32Array,
    index: number,
    value: number,
  ): { readonly async: false; readonly value: string } | { readonly async: true; readonly value: Promise<string> };
};
