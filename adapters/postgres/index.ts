export { openPostgresRowSource } from './row-source.ts';
