import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { HalotileError } from '../../tiling/errors.js';
import type { CountReply, CountTask, SpilledFrame } from '../../tiling/palette/frame-execution.js';
import type { CarriedReply, FrameReply } from '../../tiling/palette/frame-reply.js';
import type { FrameTask } from '../../tiling/palette/frame-task.js';
import { publishFile } from '../../tiling/stitch/output-file.js';
import { outputFailed } from '../output-place.js';

/** The spill file, in each folder of such, of pixels that came with results. */
const SPILL = 'coordinator.raw';

/**
 * Puts what frame tasks bring to where the dataset wants it. Written frames reach their names by a rename that only
 * this coordinator does, so that a worker which was thought dead can overwrite nothing.
 */
export class FrameStore {
  /** Folder that workers which see it write frames into, under the names of their leases. */
  readonly incoming: string;
  readonly #base: string;
  #last: Promise<unknown> = Promise.resolve();
  #opened = false;

  /** @param output folder of the dataset; its lock is held */
  constructor(output: string) {
    // No character's name starts with a dot. A worker of an earlier run finds its own folder gone.
    this.#base = join(output, '.halotile', '.incoming');
    this.incoming = join(this.#base, randomUUID());
  }

  /** Makes the folder for what comes, without what an earlier run left. */
  async open(): Promise<void> {
    this.#opened = true;
    await rm(this.#base, { recursive: true, force: true });
    mkdirSync(this.incoming, { recursive: true });
  }

  /**
   * Checks that frames which a worker wrote by itself can be seen here.
   * @throws HalotileError output-failed
   */
  async check({ reply, carried }: CarriedReply, lease: number): Promise<void> {
    for (const { index, bytes } of filesIn(reply)) {
      if (bytes === 0 || carried.has(index)) continue;
      const where = this.#written(lease, index);
      const size = await stat(where).then(
        (stats) => stats.size,
        () => 0,
      );
      if (size === bytes) continue;
      throw new HalotileError('output-failed', {
        what: `${size} of ${bytes} bytes are visible to the coordinator`,
        where,
        remedy: 'use storage that shows new files to other machines at once, or leave the root out',
      });
    }
  }

  /**
   * Stores a result that counts; returns its reply with the places where things are now.
   * @throws HalotileError output-failed
   */
  async take(task: FrameTask, { reply, carried }: CarriedReply, lease: number): Promise<FrameReply> {
    if (task.kind === 'count' && reply.kind === 'count') {
      return { kind: 'count', reply: await this.#keepPixels(task.task, reply.reply, carried) };
    }
    if (task.kind === 'remap' && reply.kind === 'remap') {
      const outputs = new Map(task.task.frames.map(({ index, output }) => [index, output]));
      await this.#publish(outputs, { reply, carried }, lease);
      return reply;
    }
    if (task.kind === 'count-band' && reply.kind === 'count-band') return reply;
    if (task.kind === 'remap-band' && reply.kind === 'remap-band') {
      await this.#publish(new Map([[0, task.task.output]]), { reply, carried }, lease);
      return reply;
    }
    throw new HalotileError('tile-failed', { what: `a '${reply.kind}' result came for a '${task.kind}' task` });
  }

  async close(): Promise<void> {
    if (this.#opened) await rm(this.#base, { recursive: true, force: true });
  }

  #written(lease: number, index: number): string {
    return join(this.incoming, `${lease}-${index}`);
  }

  async #keepPixels({ spill }: CountTask, reply: CountReply, carried: CarriedReply['carried']): Promise<CountReply> {
    if (spill === null) return reply;
    const places = carried.size === 0 ? new Map<number, SpilledFrame>() : await this.#append(spill, reply, carried);
    const frames = reply.frames.map((frame) => {
      if (frame.spilled === null) return frame;
      // A worker that sees the folder has named its own path of a file in it.
      const spilled = places.get(frame.index) ?? { ...frame.spilled, file: join(spill, basename(frame.spilled.file)) };
      return { ...frame, spilled };
    });
    return { ...reply, frames };
  }

  /** Appends pixels to the coordinator's own spill file, one result after another. */
  #append(
    folder: string,
    { frames }: CountReply,
    carried: CarriedReply['carried'],
  ): Promise<Map<number, SpilledFrame>> {
    const appended = this.#last.then(async () => {
      const file = join(folder, SPILL);
      const places = new Map<number, SpilledFrame>();
      await mkdir(folder, { recursive: true });
      const handle = await open(file, 'a');
      try {
        let { size: offset } = await handle.stat();
        for (const { index, spilled } of frames) {
          const pixels = carried.get(index);
          if (pixels === undefined || spilled === null) continue;
          await handle.writeFile(pixels);
          places.set(index, { ...spilled, file, offset, crc: crc32(pixels) });
          offset += pixels.length;
        }
      } catch (cause) {
        throw notWritten(file, cause);
      } finally {
        await handle.close();
      }
      return places;
    });
    this.#last = appended.catch(() => {});
    return appended;
  }

  /** Moves frames from where a worker wrote them, or writes those that came with the result. */
  async #publish(
    outputs: ReadonlyMap<number, string | null>,
    { reply, carried }: CarriedReply,
    lease: number,
  ): Promise<void> {
    for (const { index } of filesIn(reply)) {
      const output = outputs.get(index);
      if (!output) continue;
      const png = carried.get(index);
      const written = png === undefined ? this.#written(lease, index) : temporaryOf(output);
      try {
        if (png !== undefined) await writeFile(written, png);
        publishFile(written, output);
      } catch (cause) {
        throw notWritten(output, cause);
      }
    }
  }
}

/** The files that a reply speaks of; one of 0 bytes was not wanted. */
function filesIn(reply: FrameReply): readonly { readonly index: number; readonly bytes: number }[] {
  if (reply.kind === 'remap') return reply.reply;
  return reply.kind === 'remap-band' ? [{ index: 0, bytes: reply.reply.bytes }] : [];
}

function temporaryOf(output: string): string {
  return join(dirname(output), `.${basename(output)}.part`);
}

function notWritten(where: string, cause: unknown): HalotileError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const what = `the frame cannot be written (${code ?? message})`;
  return outputFailed({ what, where, remedy: 'free space or check permissions' }, cause);
}
