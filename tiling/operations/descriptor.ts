export * from './contract/descriptor.js';
