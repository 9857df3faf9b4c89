import type { Command } from 'commander';

/** Adds a command to the program. */
export type Register = (program: Command) => void;

/** The commands in the order of the help, each loaded when it is called. */
export const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  demo: async () => (await import('../commands/demo.js')).registerDemo,
  blur: async () => (await import('../commands/blur.js')).registerBlur,
  process: async () => (await import('../commands/process.js')).registerProcess,
  measure: async () => (await import('../commands/measure.js')).registerMeasure,
  palette: async () => (await import('../commands/palette.js')).registerPalette,
  operations: async () => (await import('../commands/operations.js')).registerOperations,
  run: async () => (await import('../commands/run.js')).registerRun,
  plan: async () => (await import('../commands/plan.js')).registerPlan,
  inspect: async () => (await import('../commands/inspect.js')).registerInspect,
  preview: async () => (await import('../commands/preview.js')).registerPreview,
  view: async () => (await import('../commands/view.js')).registerView,
  serve: async () => (await import('../commands/serve.js')).registerServe,
  worker: async () => (await import('../commands/worker.js')).registerWorker,
  submit: async () => (await import('../commands/submit.js')).registerSubmit,
  jobs: async () => (await import('../commands/jobs.js')).registerJobs,
  watch: async () => (await import('../commands/jobs.js')).registerWatch,
  cancel: async () => (await import('../commands/jobs.js')).registerCancel,
  show: async () => (await import('../commands/show.js')).registerShow,
  retry: async () => (await import('../commands/jobs.js')).registerRetry,
  delete: async () => (await import('../commands/jobs.js')).registerDelete,
  workers: async () => (await import('../commands/jobs.js')).registerWorkers,
  release: async () => (await import('../commands/jobs.js')).registerRelease,
  schedule: async () => (await import('../commands/schedule.js')).registerSchedule,
  discard: async () => (await import('../commands/jobs.js')).registerDiscard,
  health: async () => (await import('../commands/health.js')).registerHealth,
  schema: async () => (await import('../commands/schema.js')).registerSchema,
  config: async () => (await import('../commands/config.js')).registerConfig,
  completion: async () => (await import('../commands/completion.js')).registerCompletion,
  help: async () => (await import('../commands/help.js')).registerHelp,
};
