import { mkdirSync } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { HalotileError } from '../../tiling/errors.js';
import type {
  CountReply,
  CountTask,
  RemappedOutput,
  RemapTask,
  SpilledFrame,
} from '../../tiling/palette/frame-execution.js';
import type { CarriedReply, FrameReply, FrameTask } from '../../tiling/palette/frame-task.js';
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
  #last: Promise<unknown> = Promise.resolve();
  #opened = false;

  /** @param output folder of the dataset; its lock is held */
  constructor(output: string) {
    // No character's name starts with a dot.
    this.incoming = join(output, '.halotile', '.incoming');
  }

  /** Makes the folder for what comes, without what an earlier run left there. */
  async open(): Promise<void> {
    if (this.#opened) return;
    this.#opened = true;
    await rm(this.incoming, { recursive: true, force: true });
    mkdirSync(this.incoming, { recursive: true });
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
      await this.#publish(task.task, reply.outputs, carried, lease);
      return reply;
    }
    throw new HalotileError('tile-failed', { what: `a '${reply.kind}' result came for a '${task.kind}' task` });
  }

  async close(): Promise<void> {
    if (this.#opened) await rm(this.incoming, { recursive: true, force: true });
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
    { frames }: RemapTask,
    outputs: readonly RemappedOutput[],
    carried: CarriedReply['carried'],
    lease: number,
  ): Promise<void> {
    const wanted = new Map(frames.map(({ index, output }) => [index, output]));
    for (const { index, bytes } of outputs) {
      const output = wanted.get(index);
      if (!output) continue;
      const png = carried.get(index);
      const written = png === undefined ? join(this.incoming, `${lease}-${index}.png`) : temporaryOf(output);
      try {
        if (png !== undefined) await writeFile(written, png);
        else if ((await stat(written)).size !== bytes) throw new Error('its size is not what the worker said');
        await rename(written, output);
      } catch (cause) {
        throw notWritten(output, cause);
      }
    }
  }
}

function temporaryOf(output: string): string {
  return join(dirname(output), `.${basename(output)}.part`);
}

function notWritten(where: string, cause: unknown): HalotileError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const what = `the frame cannot be written (${code ?? message})`;
  return outputFailed({ what, where, remedy: 'free space or check permissions' }, cause);
}
