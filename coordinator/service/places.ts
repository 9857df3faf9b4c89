import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { FieldViolation } from '../../proto/convert/job-spec.js';
import { badInput } from '../../tiling/errors.js';
import { type DatasetSpec, isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import { inputPaths, inputsOf, type JobInput, placeInputs } from '../../tiling/job/job-inputs.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { outputPlace } from '../../tiling/stitch/output-file.js';
import { refuseOverwrites } from '../output-place.js';
import { type Uploads, uploadName } from './uploads.js';

const DOWNLOAD = /^download:([A-Za-z0-9._-]{1,128})$/;
const UPLOAD = /^upload:([A-Za-z0-9_-]{1,64})$/;

/** Where the names in a submitted spec lie on this machine. */
export class Places {
  readonly #roots: StorageRoots;
  readonly #uploads: Uploads;
  readonly #results: string;

  /** @param results directory of outputs that wait for their download; made where absent */
  constructor(roots: StorageRoots, uploads: Uploads, results: string) {
    this.#roots = roots;
    this.#uploads = uploads;
    this.#results = results;
  }

  /** Everything that is wrong with the names in a job, by field; empty where they all lie somewhere. */
  check(spec: JobSpec | DatasetSpec, principal: string): FieldViolation[] {
    const violations: FieldViolation[] = [];
    const attempt = (field: string, locate: () => void) => {
      try {
        locate();
      } catch (error) {
        violations.push({ field, description: (error as Error).message });
      }
    };
    for (const input of inputsOf(spec)) attempt(input.field, () => this.#input(input, principal));
    attempt('output', () => this.output(spec.output, 'new'));
    attempt('operations', () =>
      resolveOperations(spec.operations, { map: isDatasetSpec(spec) || spec.map !== undefined }),
    );
    if (violations.length === 0 && !isDatasetSpec(spec)) {
      const real = this.resolve(spec, principal, 'new');
      attempt('output', () => refuseOverwrites(outputPlace(real.output), inputPaths(real)));
    }
    return violations;
  }

  /**
   * The job with real paths. What a dataset's frames lead to is judged by {@link allows} when it is found.
   * @throws bad-input where a name lies nowhere (any more)
   */
  resolve<S extends JobSpec | DatasetSpec>(spec: S, principal: string, jobId: string): S {
    return { ...placeInputs(spec, (input) => this.#input(input, principal)), output: this.output(spec.output, jobId) };
  }

  /**
   * Refuses files that a folder, a pattern or a manifest of a dataset leads to outside all roots.
   * @throws bad-input
   */
  allows(path: string, { images }: DatasetSpec): void {
    if (images.some(({ image, map }) => path === image || path === map)) return;
    const real = existsSync(path) ? realpathSync(path) : path;
    if (this.#roots.rootOf(real) === undefined) throw unknownName(path, 'frames');
  }

  /** The name of a file below a root; undefined for any other. */
  nameOf(path: string): string | undefined {
    const rooted = this.#roots.rootOf(path);
    return rooted && `root:${rooted.root}/${rooted.path}`;
  }

  /**
   * Real paths and the caller's names for them.
   * @throws bad-input where a name lies nowhere (any more)
   */
  namesOf(spec: JobSpec | DatasetSpec, principal: string, jobId: string): [path: string, name: string][] {
    const inputs = inputsOf(spec).map((input): [string, string] => [this.#input(input, principal), input.path]);
    const output: [string, string] = [this.output(spec.output, jobId), spec.output];
    if (!isDatasetSpec(spec)) return [...inputs, output];
    // A dataset's folders and manifests lead to further files.
    const roots = this.#roots.names.map((name): [string, string] => [this.#roots.directory(name)!, `root:${name}`]);
    return [...inputs, output, ...roots];
  }

  /** The real path of an output; the directory of a download is made when the job is named. */
  output(name: string, jobId: string): string {
    const match = DOWNLOAD.exec(name);
    if (match === null || match[1] === '.' || match[1] === '..') return this.#roots.resolve(name);
    const directory = join(this.#results, jobId);
    if (jobId !== 'new') mkdirSync(directory, { recursive: true });
    return join(directory, match[1]!);
  }

  #input({ kind, path: name }: JobInput, principal: string): string {
    const match = kind === 'frames' ? null : UPLOAD.exec(name);
    if (match !== null) return this.#uploads.pathOf(principal, match[1]!);
    if (name.startsWith('root:')) return this.#roots.resolve(name);
    throw unknownName(name, kind);
  }
}

/** Whether an output waits at the coordinator for its download. */
export function isDownload(name: string): boolean {
  return DOWNLOAD.test(name);
}

/** The uploads that a spec names, see {@link uploadName}. */
export function namedUploads(spec: JobSpec | DatasetSpec, principal: string): string[] {
  return inputPaths(spec).flatMap((name) => {
    const match = UPLOAD.exec(name);
    return match === null ? [] : [uploadName(principal, match[1]!)];
  });
}

function unknownName(name: string, kind: JobInput['kind']) {
  const frames = kind === 'frames';
  return badInput({
    what: 'not a name that the cluster knows',
    where: name,
    expected: frames ? 'root:NAME/PATH' : 'root:NAME/PATH or upload:ID',
    remedy: frames ? 'name it below a storage root' : 'upload the file, or name it below a storage root',
  });
}
