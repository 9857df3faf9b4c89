import { type BigIntStats, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { breathing } from '../breath.js';
import { badUsage, type ErrorDetail } from '../errors.js';
import { outputFolderOf } from '../job/output-format.js';
import { isUrl } from '../places/url.js';
import { said } from '../words.js';
import { kindOf } from './output-file.js';

/** Everything that a job writes, removes or replaces. */
export interface JobOutputs {
  /** Asked for again where an input is an output. Those that are not there yet count for nothing. */
  readonly files: () => Iterable<string>;
  /** Folders that are the job's own: no input lies below them. */
  readonly folders?: Iterable<string>;
}

/**
 * What a job writes, held against what it reads. Files are compared by device and inode, so that a link, a hard link,
 * a bind mount or another root makes no other file of one; 8 bytes are kept for each output that is there already.
 */
export class WrittenFiles {
  readonly #files: JobOutputs['files'];
  /** By device: two file systems give the same numbers to different files. */
  readonly #inodes = new Map<bigint, InodeNumbers>();
  readonly #folders: FolderMembers;
  readonly #urls = new Set<string>();

  private constructor({ files, folders = [] }: JobOutputs) {
    this.#files = files;
    this.#folders = new FolderMembers(folders);
  }

  /** @throws HalotileError bad-usage where an output is there and is no regular file */
  static of(outputs: JobOutputs): WrittenFiles {
    const written = new WrittenFiles(outputs);
    for (const path of outputs.files()) written.#add(path);
    return written;
  }

  /** {@link of} many, among which others of the thread have their turn. */
  static async ofMany(outputs: JobOutputs): Promise<WrittenFiles> {
    const written = new WrittenFiles(outputs);
    for await (const path of breathing(outputs.files())) written.#add(path);
    return written;
  }

  #add(path: string): void {
    if (isUrl(path)) {
      this.#urls.add(path);
      return;
    }
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory() && outputFolderOf(path) === path) this.#folders.add(stat);
    else if (!stat.isFile()) throw badUsage({ what: `the output is ${kindOf(stat)}`, file: path, expected: 'a file' });
    const inodes = this.#inodes.get(stat.dev) ?? new InodeNumbers();
    this.#inodes.set(stat.dev, inodes);
    inodes.add(stat.ino);
  }

  /**
   * Refuses an input that is an output too, or lies in a folder of the job's own. One that is not there is no fault
   * of its place.
   * @throws HalotileError bad-usage
   */
  refuse(input: string): void {
    if (isUrl(input)) {
      this.refuseSame(input);
      return;
    }
    const entry = lstatSync(input, { throwIfNoEntry: false });
    if (entry === undefined) return;
    const isLink = entry.isSymbolicLink();
    if (isLink && statSync(input, { throwIfNoEntry: false }) === undefined) return;
    if (this.#folders.has(input) || (isLink && this.#folders.has(realpathSync(input)))) {
      throw badUsage({ what: 'an input lies in the output folder', file: input, remedy: 'choose another output' });
    }
    this.refuseSame(input);
  }

  /**
   * Refuses an input that is an output too, wherever it lies.
   * @throws HalotileError bad-usage
   */
  refuseSame(input: string): void {
    if (isUrl(input)) {
      if (this.#urls.has(input)) throw alsoInput({ file: input });
      return;
    }
    const stat = statSync(input, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined || !this.#inodes.get(stat.dev)?.has(stat.ino)) return;
    for (const output of this.#files()) {
      if (!isSameFile(stat, output)) continue;
      const where = resolve(output) === resolve(input) ? {} : { where: said`(${{ file: input }})` };
      throw alsoInput({ file: output, ...where });
    }
  }
}

function alsoInput(which: Pick<ErrorDetail, 'file' | 'where'>) {
  return badUsage({ what: 'the output is also an input', ...which, remedy: 'choose another output' });
}

function isSameFile({ dev, ino }: BigIntStats, path: string): boolean {
  const other = statSync(path, { bigint: true, throwIfNoEntry: false });
  return other !== undefined && other.dev === dev && other.ino === ino;
}

/** Tells whether a file lies below one of some folders, by the identity of each folder above it. */
class FolderMembers {
  readonly #folders = new Set<string>();
  /** By folder as it is named: one folder holds many files. */
  readonly #known = new Map<string, boolean>();

  constructor(folders: Iterable<string>) {
    for (const folder of folders) {
      const stat = statSync(folder, { bigint: true, throwIfNoEntry: false });
      if (stat?.isDirectory()) this.add(stat);
    }
  }

  add({ dev, ino }: BigIntStats): void {
    this.#folders.add(`${dev}:${ino}`);
  }

  has(file: string): boolean {
    return this.#folders.size > 0 && this.#holds(dirname(resolve(file)));
  }

  #holds(folder: string): boolean {
    const known = this.#known.get(folder);
    if (known !== undefined) return known;
    const real = realpathSync(folder);
    const { dev, ino } = statSync(real, { bigint: true });
    const above = dirname(real);
    const holds = this.#folders.has(`${dev}:${ino}`) || (above !== real && this.#holds(above));
    this.#known.set(folder, holds);
    return holds;
  }
}

/** Inode numbers of one device, sorted when one is first asked for. */
class InodeNumbers {
  #numbers = new BigUint64Array(16);
  #length = 0;
  #isSorted = true;

  add(ino: bigint): void {
    if (this.#length === this.#numbers.length) {
      const wider = new BigUint64Array(this.#length * 2);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[this.#length++] = ino;
    this.#isSorted = false;
  }

  has(ino: bigint): boolean {
    const numbers = this.#numbers.subarray(0, this.#length);
    if (!this.#isSorted) numbers.sort();
    this.#isSorted = true;
    let low = 0;
    let high = numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[middle]! < ino) low = middle + 1;
      else high = middle;
    }
    return low < numbers.length && numbers[low] === ino;
  }
}
