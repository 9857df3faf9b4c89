import type { HalotileError } from '../../errors.js';
import type { WasmReader } from './wasm-reader.js';

/**
 * Walks the instructions of one function body and refuses what makes results depend on the machine: atomics
 * (threads) and relaxed SIMD. Opcodes and immediates: WebAssembly core specification 2.0, section 5.4, with tail
 * calls.
 */
export function checkInstructions(body: WasmReader, refuse: (what: string) => HalotileError): void {
  while (!body.done) {
    const opcode = body.byte();
    if (opcode === 0xfe) throw refuse('the module uses atomic instructions');
    if (opcode === 0xfd) skipVector(body, refuse);
    else if (opcode === 0xfc) skipBulk(body, refuse);
    else skipPlain(opcode, body, refuse);
  }
}

/** Opcodes whose immediate is one number: blocks, branches, calls, variables, tables, integers, references. */
const ONE_NUMBER = new Set([
  0x02, 0x03, 0x04, 0x0c, 0x0d, 0x10, 0x12, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x3f, 0x40, 0x41, 0x42, 0xd0,
  0xd2,
]);

/** Opcodes without an immediate, beside the numeric ones. */
const NO_IMMEDIATE = new Set([0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b, 0xd1]);

function skipPlain(opcode: number, body: WasmReader, refuse: (what: string) => HalotileError): void {
  if (opcode >= 0x28 && opcode <= 0x3e) skipAddress(body);
  else if (ONE_NUMBER.has(opcode)) body.skipNumber();
  else if (opcode === 0x11 || opcode === 0x13) {
    body.skipNumber();
    body.skipNumber();
  } else if (opcode === 0x0e) {
    body.repeat(() => body.skipNumber());
    body.skipNumber();
  } else if (opcode === 0x1c) body.repeat(() => body.skip(1));
  else if (opcode === 0x43) body.skip(4);
  else if (opcode === 0x44) body.skip(8);
  else if (!(NO_IMMEDIATE.has(opcode) || (opcode >= 0x45 && opcode <= 0xc4))) {
    // Whatever is not known here could hide what follows it: exceptions, garbage collection and what is to come.
    throw refuse(`the module uses the instruction 0x${opcode.toString(16)}`);
  }
}

/** Saturating conversions, memory and table instructions. */
function skipBulk(body: WasmReader, refuse: (what: string) => HalotileError): void {
  const numbers = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1][body.unsigned()];
  if (numbers === undefined) throw refuse('the module uses an unknown bulk instruction');
  for (let left = numbers; left > 0; left--) body.skipNumber();
}

function skipVector(body: WasmReader, refuse: (what: string) => HalotileError): void {
  const opcode = body.unsigned();
  if (opcode >= 0x100) throw refuse('the module uses relaxed SIMD, whose results differ between machines');
  if (opcode <= 11 || opcode === 92 || opcode === 93) skipAddress(body);
  else if (opcode === 12 || opcode === 13) body.skip(16);
  else if (opcode >= 21 && opcode <= 34) body.skip(1);
  else if (opcode >= 84 && opcode <= 91) {
    skipAddress(body);
    body.skip(1);
  }
}

/** Alignment (with the flag of a memory index) and offset. */
function skipAddress(body: WasmReader): void {
  const alignment = body.unsigned();
  if (alignment & 64) body.skipNumber();
  body.skipNumber();
}
