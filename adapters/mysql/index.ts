export { openMySqlRowSource } from './row-source.ts';
