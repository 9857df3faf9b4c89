export { FramePool } from './frames/frame-pool.js';
export { Session, type SessionOptions } from './session/session.js';
export { TaskPool } from './session/task-pool.js';
export { ThreadPoolExecutor, type ThreadPoolOptions } from './threads/thread-pool.js';
