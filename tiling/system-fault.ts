/** What codes of the operating system mean, for people. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a file is in the place of a folder',
  EISDIR: 'a folder is in the place of a file',
  EEXIST: 'something of that name is there',
  ENOTEMPTY: 'the folder is not empty',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'the links lead in a ring',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file system takes no larger file',
  EMFILE: 'too many files are open; raise ulimit -n',
  ENFILE: "too many files are open on this machine; raise the system's limit",
  ENOMEM: 'no memory is left',
  EAGAIN: 'no more processes or threads may be started; raise ulimit -u',
  EIO: 'the device failed',
  ENXIO: 'no such device',
  ENODEV: 'no such device',
  EBUSY: 'it is in use',
  ETXTBSY: 'it is a program that runs',
  ESTALE: 'the file server no longer knows it',
  ETIMEDOUT: 'there was no answer in time',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was ended',
  ENOTFOUND: 'no host has that name',
  EAI_AGAIN: 'names of hosts cannot be looked up now',
  EHOSTUNREACH: 'no way leads to that host',
  ENETUNREACH: 'no way leads to that network',
  EADDRINUSE: 'somebody listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
};

/** Whether an error is an answer of the operating system, as of an `open`. */
export function isSystemFault(error: unknown): error is NodeJS.ErrnoException {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return error instanceof Error && typeof syscall === 'string' && /^E[A-Z0-9_]+$/.test(code ?? '');
}

/** An answer of the operating system in words, its code behind them; any other error's own first line. */
export function systemWords(error: unknown): string {
  const { code = '', message = String(error) } = (error ?? {}) as NodeJS.ErrnoException;
  const words = WORDS[code];
  return words === undefined ? message.split('\n')[0]! : `${words} (${code})`;
}
