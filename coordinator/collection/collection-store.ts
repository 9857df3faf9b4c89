import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { REPORT_FILES } from '../dataset/frames/frame-list.js';
import type { ObjectWriter } from '../job/object-writer.js';
import { checkObjectOutput } from '../job/output-place.js';
import { outputState } from '../job/output-state.js';

/** The store that the outputs and reports of a run go to. */
export class CollectionStore {
  /** What the reports lie below. */
  readonly url: string;
  readonly writer: ObjectWriter;

  private constructor(url: string, writer: ObjectWriter) {
    this.url = url;
    this.writer = writer;
  }

  /** @throws bad-input, not-allowed or output-failed where the store would take nothing there */
  static async open(url: string): Promise<CollectionStore> {
    checkObjectOutput(`${url}/${REPORT_FILES[0]}`);
    // What talks to stores is loaded for them alone.
    const { ObjectWriter } = await import('../job/object-writer.js');
    const writer = new ObjectWriter();
    try {
      await writer.probe(`${url}/${REPORT_FILES[0]}`);
      return new CollectionStore(url, writer);
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  /** Sends the reports that lie in a folder of this machine, and removes them there. */
  async takeReports(home: string, signal: AbortSignal | undefined): Promise<void> {
    const log = join(outputState(home), 'upload.log');
    for (const name of REPORT_FILES) {
      const path = join(home, name);
      await this.writer.put({ url: `${this.url}/${name}`, source: { kind: 'file', path }, log }, signal);
      await rm(path);
    }
  }

  close(): Promise<void> {
    return this.writer.close();
  }
}
