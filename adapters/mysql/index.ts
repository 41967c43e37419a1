export { type MySqlRowSourceOptions, openMySqlRowSource } from './row-source.ts';
