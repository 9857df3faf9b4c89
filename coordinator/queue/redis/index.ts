export { connectRedis, disconnectRedis, type RedisClients, type RedisEndpoint } from './connect.js';
export { RedisQueue, type RedisQueueOptions } from './redis-queue.js';
export { SharedClock } from './shared-clock.js';
