import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { badUsage, HalotileError } from '../../tiling/errors.js';
import { filesBelow } from '../../tiling/files-below.js';
import { outputFolderOf } from '../../tiling/job/output-format.js';
import { places } from '../../tiling/places/opener.js';
import { belowUrl } from '../../tiling/places/url.js';
import type { AssembledSource } from '../../tiling/stitch/assembled-bytes.js';
import { areOwnEntries, MARK_TEXT, type MadeEntry, TREE_MARK } from '../../tiling/stitch/output-tree.js';
import { parseMade } from './made-image.js';
import { ObjectWriter } from './object-writer.js';
import { checkObjectOutput, mainObjectOf, stagingPlace } from './output-place.js';

/**
 * An output in an S3 store. What a run leaves unfinished lies in a folder of this machine, under the object's name; the
 * finished output is nowhere put together but in the store.
 */
export class RemoteOutput {
  readonly url: string;
  /** As {@link stagingPlace} has it. */
  readonly place: string;
  readonly #writer: ObjectWriter;
  readonly #isOwnWriter: boolean;

  private constructor(url: string, writer: ObjectWriter | undefined) {
    this.url = url;
    this.place = stagingPlace(url);
    mkdirSync(dirname(this.place), { recursive: true, mode: 0o700 });
    this.#writer = writer ?? new ObjectWriter();
    this.#isOwnWriter = writer === undefined;
  }

  /**
   * @param writer of the run that this output is one of, which has tried its store
   * @throws bad-usage where no such output can be; bad-input, not-allowed or output-failed where the store would not take
   *   it
   */
  static async open(url: string, inputs: readonly string[], writer?: ObjectWriter): Promise<RemoteOutput> {
    checkObjectOutput(url);
    if (inputs.includes(url)) {
      throw badUsage({ what: 'the output is also an input', file: url, remedy: 'choose another output' });
    }
    const output = new RemoteOutput(url, writer);
    try {
      if (writer === undefined) await output.#writer.probe(mainObjectOf(url));
      if (outputFolderOf(url) !== undefined) await output.#refuseForeign();
      return output;
    } catch (error) {
      await output.close();
      throw error;
    }
  }

  /**
   * Puts the finished output into the store; the object appears whole, or stays as it was.
   * @param partial directory in which the log of parts lies
   * @param about what is written down beside it
   */
  upload(
    source: AssembledSource,
    { partial, about, signal }: { readonly partial: string; readonly about: string; readonly signal?: AbortSignal },
  ): Promise<number> {
    return this.#writer.put({ url: this.url, source, log: join(partial, 'upload.log'), about }, signal);
  }

  /**
   * The same with an output of many files: what an earlier run left there goes first, and the object by which readers find
   * the others comes last. What breaks off is sent anew: until then a mark says whose it is.
   * @throws bad-usage where what lies there meanwhile is another program's
   * @param made finished files and folders of this machine and the names that they would have there
   */
  async uploadTree(
    made: readonly MadeEntry[],
    { partial, about, signal }: { readonly partial: string; readonly about: string; readonly signal?: AbortSignal },
  ): Promise<number> {
    const { url, place } = this;
    const folder = outputFolderOf(place)!;
    const main = mainObjectOf(url);
    const objects = made.flatMap(({ from, to }) => {
      const name = to === folder ? outputFolderOf(url)! : url;
      if (!statSync(from).isDirectory()) return [{ url: name, path: from }];
      return [...filesBelow(from)].flatMap((path) => {
        const key = relative(from, path).split(sep).join('/');
        return key === TREE_MARK ? [] : [{ url: belowUrl(name, key), path }];
      });
    });
    const log = join(partial, 'upload.log');
    const put = async (object: (typeof objects)[number], more: { readonly about?: string } = {}) => {
      const source = { kind: 'file', path: object.path } as const;
      bytes += await this.#writer.put(
        { url: object.url, source, log: `${log}.${objects.indexOf(object)}`, ...more },
        signal,
      );
    };
    let bytes = 0;
    const remoteFolder = outputFolderOf(url)!;
    await this.#refuseForeign();
    await this.#putMark(belowUrl(remoteFolder, TREE_MARK), partial, signal);
    await this.#writer.remove(main);
    await this.#writer.removeBelow(remoteFolder, TREE_MARK);
    await Promise.all(objects.filter((object) => object.url !== main).map((object) => put(object)));
    await put(objects.find((object) => object.url === main)!, { about });
    // A Zarr group says itself who made it, and readers would wonder about a mark in it.
    if (remoteFolder === url) await this.#writer.remove(belowUrl(url, TREE_MARK));
    return bytes;
  }

  async #putMark(mark: string, partial: string, signal: AbortSignal | undefined): Promise<void> {
    const path = join(partial, 'upload.mark');
    writeFileSync(path, MARK_TEXT);
    await this.#writer.put({ url: mark, source: { kind: 'file', path }, log: join(partial, 'upload.log') }, signal);
  }

  /** Refuses to remove what halotile did not make, as {@link checkTreePlace} does for folders. @throws bad-usage */
  async #refuseForeign(): Promise<void> {
    const { url } = this;
    const folder = outputFolderOf(url)!;
    const state = await places()
      .look(mainObjectOf(url))
      .catch((error: unknown) => {
        if (error instanceof HalotileError && (error.tag === 'bad-input' || error.tag === 'not-allowed'))
          return undefined;
        throw error;
      });
    const names = await this.#writer.namesBelow(folder);
    const isFinished = state !== undefined && parseMade(state.about) !== undefined;
    const isBegun = state === undefined && names.includes(TREE_MARK);
    const isFree = state === undefined && names.length === 0;
    if (isFree || ((isFinished || isBegun) && areOwnEntries(names))) return;
    throw badUsage({
      what: 'what halotile did not make is where the output would be',
      file: url,
      remedy: 'remove it, or choose another output',
    });
  }

  async close(): Promise<void> {
    if (this.#isOwnWriter) await this.#writer.close();
    try {
      rmdirSync(dirname(this.place));
    } catch {
      // What is unfinished stays.
    }
  }
}
