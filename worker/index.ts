export { ThreadPoolExecutor, type ThreadPoolOptions } from './threads/thread-pool.js';
