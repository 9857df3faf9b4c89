import type { FileKind, FileParam, JobFacts, Operation } from './descriptor.js';
import { OPERATIONS } from './index.js';

/** A file that a parameter of an operation names. */
export interface ParameterFile {
  /** The parameter; of an image its name in a kernel's `extras` too. */
  readonly param: string;
  readonly kind: FileKind;
  readonly path: string;
}

/** An operation as a job states it, or with its parameters checked. */
type Naming = Pick<Operation, 'name' | 'params'>;

/** The files that an operation's parameters name; none for an operation that does not exist. */
export function filesOf(operation: Naming): ParameterFile[] {
  return Object.entries(declaredFiles(operation)).flatMap(([param, declared]) => {
    const path = pathIn(operation.params[param], declared);
    return path === undefined ? [] : [{ param, kind: declared.kind, path }];
  });
}

/** Those of {@link filesOf} that are images, which tiles read beside the operation's input. */
export function imagesOf(operation: Naming): ParameterFile[] {
  return filesOf(operation).filter(({ kind }) => kind === 'image');
}

/** Paths of all files, or of all files of one kind, that the operations of a chain name, each once. */
export function chainFiles(operations: readonly Naming[], kind?: FileKind): string[] {
  const files = operations.flatMap(filesOf).filter((file) => kind === undefined || file.kind === kind);
  return [...new Set(files.map(({ path }) => path))];
}

/** The operations with other paths for the files in their parameters. */
export function placeFiles<O extends Naming>(
  operations: readonly O[],
  place: (file: ParameterFile, operation: number) => string,
): O[] {
  return operations.map((operation, index) => {
    const declared = declaredFiles(operation);
    const placed = filesOf(operation).map((file) => {
      return [file.param, `${declared[file.param]!.prefix ?? ''}${place(file, index)}`];
    });
    return { ...operation, params: { ...operation.params, ...Object.fromEntries(placed) } };
  });
}

/** Reads the files of an operation for its `prepare`; see {@link JobFacts.file}. */
export function fileReader(operation: Naming, readFile: (path: string) => Uint8Array): JobFacts['file'] {
  return (param) => {
    const named = filesOf(operation).find((file) => file.param === param);
    return named && { path: named.path, bytes: readFile(named.path) };
  };
}

function declaredFiles({ name }: Naming): Readonly<Record<string, FileParam>> {
  return OPERATIONS[name]?.files ?? {};
}

function pathIn(value: unknown, { prefix = '', orNumber = false, or }: FileParam): string | undefined {
  if (typeof value !== 'string' || !value.startsWith(prefix)) return undefined;
  const path = value.slice(prefix.length);
  if (path === '' || (orNumber && Number.isFinite(Number(path))) || or?.test(path)) return undefined;
  return path;
}
