import { badUsage, type HalotileError } from '../../errors.js';
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

interface FunctionType {
  readonly takes: readonly number[];
  readonly gives: readonly number[];
}

/**
 * What a module may hold of each thing that its host must make room or spend time for before the first call. The
 * C and AssemblyScript compilers stay far below all of these.
 */
export const MODULE_LIMITS = {
  types: 1000,
  /** Parameters of one function type, and results. */
  parameters: 64,
  results: 16,
  functions: 10_000,
  /** Locals of one function, and of all of them together. */
  locals: 10_000,
  allLocals: 200_000,
  globals: 1000,
  exports: 1000,
  tables: 4,
  /** Elements that one table may grow to. */
  tableElements: 65_536,
  /** Element and data segments. */
  segments: 10_000,
  memories: 1,
} as const;

type Limited = keyof typeof MODULE_LIMITS;
type Refuse = (what: string, expected?: string) => HalotileError;

/** What the sections of a module declare, as far as its rules go. */
class Declared {
  readonly types: FunctionType[] = [];
  readonly functions: number[] = [];
  readonly exported = new Map<string, { readonly kind: number; readonly index: number }>();
  memory: Limits | undefined;
  imported = false;
  readonly #counts: Partial<Record<Limited, number>> = {};

  constructor(readonly refuse: Refuse) {}

  /** Counts what was met against its limit. */
  count(what: Limited, more = 1): void {
    const total = (this.#counts[what] ?? 0) + more;
    this.#counts[what] = total;
    this.within(what, total);
  }

  within(what: Limited, value: number): void {
    const limit = MODULE_LIMITS[what];
    if (value > limit) throw this.refuse(`the module has ${value} ${LIMIT_NAMES[what]}`, `at most ${limit}`);
  }
}

const LIMIT_NAMES: Readonly<Record<Limited, string>> = {
  types: 'types or more',
  parameters: 'parameters in one function type',
  results: 'results in one function type',
  functions: 'functions or more',
  locals: 'locals in one function',
  allLocals: 'locals or more in all functions together',
  globals: 'globals or more',
  exports: 'exports or more',
  tables: 'tables or more',
  tableElements: 'elements in one table',
  segments: 'segments or more',
  memories: 'memories',
};

/** Reads a section's entries, by the section's number. */
const SECTIONS: Readonly<Record<number, (section: WasmReader, module: Declared) => void>> = {
  1: (section, module) => {
    module.count('types');
    module.types.push(readType(section, module));
  },
  2: (section, module) => {
    const [from, name, kind] = [section.name(), section.name(), section.byte()];
    if (kind !== 2) throw module.refuse(`the module imports ${brief(from)}.${brief(name)}`, 'no import but env.memory');
    if (from !== 'env' || name !== 'memory')
      throw module.refuse(`the memory is imported as ${brief(from)}.${brief(name)}`, 'env.memory');
    readMemory(section, module);
    module.imported = true;
  },
  3: (section, module) => {
    module.count('functions');
    module.functions.push(section.unsigned());
  },
  4: (section, module) => {
    module.count('tables');
    section.byte();
    const { initial, maximum } = readLimits(section, 'table', module.refuse);
    if (maximum === undefined) throw module.refuse('a table has no declared maximum');
    module.within('tableElements', Math.max(initial, maximum));
  },
  5: readMemory,
  7: (section, module) => {
    module.count('exports');
    module.exported.set(section.name(), { kind: section.byte(), index: section.unsigned() });
  },
  10: (section, module) => checkBody(section.slice(section.unsigned()), module),
};
/** Of these only the count matters: their entries make no more room than they have bytes. */
const COUNTED: Readonly<Record<number, Limited>> = { 6: 'globals', 9: 'segments', 11: 'segments' };
/** Custom, start and data count sections say nothing that a rule is about. */
const PASSED = new Set([0, 8, 12]);

/**
 * The form and memory of a module that may run: nothing imported but a memory, a declared maximum, the functions
 * of the ABI with their types, no threads, no relaxed SIMD, nothing beyond {@link MODULE_LIMITS}. Takes time in
 * proportion to the bytes, up to the engine's own validation at the end, which an attacker's module may prolong:
 * call it where that can be stopped.
 * @throws bad-usage that says which of these is wrong
 */
export function checkModule(bytes: Uint8Array, path: string): ModuleShape {
  const refuse: Refuse = (what, expected) =>
    badUsage({ what, file: path, ...(expected && { expected }), remedy: 'see docs/kernel-abi.md' });
  if (bytes.length > MAX_MODULE_BYTES) {
    throw refuse(`the module has ${bytes.length} bytes`, `at most ${MAX_MODULE_BYTES}`);
  }
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  if (magic.some((byte, i) => bytes[i] !== byte)) throw refuse('this is no WebAssembly module');
  const invalid = () => refuse('the module is not valid WebAssembly');
  const module = new Declared(refuse);
  const file = new WasmReader(bytes, invalid, magic.length);
  while (!file.done) {
    const id = file.byte();
    const section = file.slice(file.unsigned());
    const read = SECTIONS[id];
    const counted = COUNTED[id];
    if (read !== undefined) section.repeat(() => read(section, module));
    else if (counted !== undefined) module.count(counted, section.unsigned());
    else if (!PASSED.has(id)) throw refuse(`the module has a section of kind ${id}`);
  }
  checkExports(module);
  const { memory, imported, exported } = module;
  if (memory === undefined)
    throw refuse('the module has no memory', 'one, imported as env.memory or exported as memory');
  if (!imported && exported.get('memory')?.kind !== 2) throw refuse('the memory is not exported as memory');
  if (memory.maximum === undefined) throw refuse('the memory has no declared maximum');
  if (memory.maximum > MAX_MEMORY_PAGES)
    throw refuse(`the memory may grow to ${memory.maximum} pages`, `at most ${MAX_MEMORY_PAGES}`);
  if (!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)) throw invalid();
  return {
    form: exported.has('halotile_row') ? 'row' : 'pixel',
    memory: imported ? 'imported' : 'exported',
    initialPages: memory.initial,
    maximumPages: memory.maximum,
  };
}

function checkBody(body: WasmReader, module: Declared): void {
  let locals = 0;
  body.repeat(() => {
    locals += body.unsigned();
    module.within('locals', locals);
    body.byte();
  });
  module.count('allLocals', locals);
  checkInstructions(body, module.refuse);
}

function checkExports({ exported, functions, types, refuse }: Declared): void {
  if (!exported.has('halotile_buffer')) throw refuse('the module does not export halotile_buffer');
  if (!exported.has('halotile_pixel') && !exported.has('halotile_row')) {
    throw refuse('the module exports no kernel', 'halotile_pixel or halotile_row');
  }
  for (const [name, wanted] of Object.entries(ABI)) {
    const found = exported.get(name);
    if (found === undefined) continue;
    if (found.kind !== 0) throw refuse(`${name} is no function`);
    const type = types[functions[found.index] ?? -1];
    if (type === undefined) throw refuse(`${name} is a function that the module does not have`);
    if (signature(type) !== signature(wanted)) {
      throw refuse(`${name} has the type ${signature(type)}`, signature(wanted));
    }
  }
}

function signature({ takes, gives }: FunctionType): string {
  const names = (types: readonly number[]) => types.map((type) => TYPE_NAMES[type] ?? 'reference').join(', ');
  return `(${names(takes)}) → (${names(gives)})`;
}

/** Names of a module reach people and logs, so they are cut and keep to one line. */
function brief(name: string): string {
  const line = name.replace(/[^\x20-\x7e]/g, '?');
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
}

function readType(section: WasmReader, module: Declared): FunctionType {
  if (section.byte() !== 0x60) throw module.refuse('the module has a type that is no function');
  const takes: number[] = [];
  const gives: number[] = [];
  const read = (into: number[], what: 'parameters' | 'results') =>
    section.repeat(() => {
      into.push(section.byte());
      module.within(what, into.length);
    });
  read(takes, 'parameters');
  read(gives, 'results');
  return { takes, gives };
}

function readMemory(section: WasmReader, module: Declared): void {
  module.count('memories');
  module.memory = readLimits(section, 'memory', module.refuse);
}

function readLimits(section: WasmReader, what: 'memory' | 'table', refuse: Refuse): Limits {
  const flags = section.byte();
  if (flags & 2) throw refuse(`the ${what} is shared between threads`);
  if (flags & 4) throw refuse(`the ${what} has 64-bit addresses`);
  const initial = section.unsigned();
  return { initial, maximum: flags & 1 ? section.unsigned() : undefined };
}
