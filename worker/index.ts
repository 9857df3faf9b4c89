export { FramePool } from './frames/frame-pool.js';
export { checkGpu } from './gpu/device-child.js';
export { GpuExecutor, type GpuExecutorOptions } from './gpu/gpu-executor.js';
export { describeGpu, type GpuReport, gpuLabels } from './gpu/gpu-report.js';
export { MixedExecutor } from './gpu/mixed-executor.js';
export { Session, type SessionOptions } from './session/session.js';
export { TaskPool } from './session/task-pool.js';
export { ThreadPoolExecutor, type ThreadPoolOptions } from './threads/thread-pool.js';
