import { badUsage, type HalotileError } from '../errors.js';
import { checkInstructions } from './custom-instructions.js';
import { WasmReader } from './wasm-reader.js';

/** The largest module in bytes. */
export const MAX_MODULE_BYTES = 1 << 20;
/** The largest memory that a module may declare, in pages of 64 KiB. */
export const MAX_MEMORY_PAGES = 1024;

/** What a host must know to instantiate a checked module. */
export interface ModuleShape {
  /** One pixel a call, or one row. */
  readonly form: 'pixel' | 'row';
  /** The memory is the host's (`env.memory`) or the module's own. */
  readonly memory: 'imported' | 'exported';
  readonly initialPages: number;
  readonly maximumPages: number;
}

const I32 = 0x7f;
const F64 = 0x7c;
const ints = (count: number) => new Array<number>(count).fill(I32);

/** The functions of the ABI by name: types of parameters and results. */
const ABI: Readonly<Record<string, { readonly takes: readonly number[]; readonly gives: readonly number[] }>> = {
  halotile_buffer: { takes: ints(1), gives: [I32] },
  halotile_pixel: { takes: ints(10), gives: [F64] },
  halotile_row: { takes: ints(13), gives: [] },
};
const TYPE_NAMES: Readonly<Record<number, string>> = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64', 123: 'v128' };

interface Limits {
  readonly initial: number;
  readonly maximum: number | undefined;
}

/**
 * The form and memory of a module that may run: nothing imported but a memory, a declared maximum, the functions
 * of the ABI with their types, no threads, no relaxed SIMD.
 * @throws bad-usage that says which of these is wrong
 */
export function checkModule(bytes: Uint8Array, where: string): ModuleShape {
  const refuse = (what: string, expected?: string): HalotileError =>
    badUsage({ what, where, ...(expected && { expected }), remedy: 'see docs/kernel-abi.md' });
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  if (magic.some((byte, i) => bytes[i] !== byte)) throw refuse('this is no WebAssembly module');
  if (!WebAssembly.validate(bytes)) throw refuse('the module is not valid WebAssembly');

  const types: { takes: number[]; gives: number[] }[] = [];
  const functions: number[] = [];
  const exported = new Map<string, { kind: number; index: number }>();
  let memory: Limits | undefined;
  let imported = false;
  const file = new WasmReader(bytes, magic.length);
  while (!file.done) {
    const id = file.byte();
    const section = file.slice(file.unsigned());
    if (id === 1) section.repeat(() => types.push(readType(section)));
    if (id === 2) {
      section.repeat(() => {
        const [from, name, kind] = [section.name(), section.name(), section.byte()];
        if (kind !== 2) throw refuse(`the module imports ${from}.${name}`, 'no import but env.memory');
        if (from !== 'env' || name !== 'memory')
          throw refuse(`the memory is imported as ${from}.${name}`, 'env.memory');
        memory = readLimits(section, refuse);
        imported = true;
      });
    }
    if (id === 3) section.repeat(() => functions.push(section.unsigned()));
    if (id === 5) {
      section.repeat(() => {
        memory = readLimits(section, refuse);
      });
    }
    if (id === 7) {
      section.repeat(() => {
        exported.set(section.name(), { kind: section.byte(), index: section.unsigned() });
      });
    }
    if (id === 10) section.repeat(() => checkInstructions(section.slice(section.unsigned()), refuse));
  }
  checkExports(exported, (index) => types[functions[index]!]!, refuse);
  if (memory === undefined)
    throw refuse('the module has no memory', 'one, imported as env.memory or exported as memory');
  if (!imported && exported.get('memory')?.kind !== 2) throw refuse('the memory is not exported as memory');
  if (memory.maximum === undefined) throw refuse('the memory has no declared maximum');
  if (memory.maximum > MAX_MEMORY_PAGES)
    throw refuse(`the memory may grow to ${memory.maximum} pages`, `at most ${MAX_MEMORY_PAGES}`);
  return {
    form: exported.has('halotile_row') ? 'row' : 'pixel',
    memory: imported ? 'imported' : 'exported',
    initialPages: memory.initial,
    maximumPages: memory.maximum,
  };
}

function checkExports(
  exported: ReadonlyMap<string, { kind: number; index: number }>,
  typeOf: (index: number) => { takes: readonly number[]; gives: readonly number[] },
  refuse: (what: string, expected?: string) => HalotileError,
): void {
  if (!exported.has('halotile_buffer')) throw refuse('the module does not export halotile_buffer');
  if (!exported.has('halotile_pixel') && !exported.has('halotile_row')) {
    throw refuse('the module exports no kernel', 'halotile_pixel or halotile_row');
  }
  for (const [name, wanted] of Object.entries(ABI)) {
    const found = exported.get(name);
    if (found === undefined) continue;
    if (found.kind !== 0) throw refuse(`${name} is no function`);
    const type = typeOf(found.index);
    if (signature(type) !== signature(wanted)) {
      throw refuse(`${name} has the type ${signature(type)}`, signature(wanted));
    }
  }
}

function signature({ takes, gives }: { takes: readonly number[]; gives: readonly number[] }): string {
  const names = (types: readonly number[]) => types.map((type) => TYPE_NAMES[type] ?? 'reference').join(', ');
  return `(${names(takes)}) → (${names(gives)})`;
}

function readType(section: WasmReader): { takes: number[]; gives: number[] } {
  section.byte();
  const takes: number[] = [];
  const gives: number[] = [];
  section.repeat(() => takes.push(section.byte()));
  section.repeat(() => gives.push(section.byte()));
  return { takes, gives };
}

function readLimits(section: WasmReader, refuse: (what: string) => HalotileError): Limits {
  const flags = section.byte();
  if (flags & 2) throw refuse('the memory is shared between threads');
  if (flags & 4) throw refuse('the memory has 64-bit addresses');
  const initial = section.unsigned();
  return { initial, maximum: flags & 1 ? section.unsigned() : undefined };
}
