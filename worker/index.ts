export { FramePool } from './frames/frame-pool.js';
export { ThreadPoolExecutor, type ThreadPoolOptions } from './threads/thread-pool.js';
