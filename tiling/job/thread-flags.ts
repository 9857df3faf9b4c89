/**
 * Flags of every thread that Piscina starts. It loads a thread's file by `require` where Node lets it, and Node 20
 * aborts the whole process when a thread is ended while that runs (`Module::IsGraphAsync` on a module whose
 * instantiation was cut short): a job of one tile is done before its second thread has loaded. Without it Piscina
 * falls back to `import`, which may be ended at any time.
 */
export const THREAD_FLAGS = ['--no-experimental-require-module'];
