import { openInMemoryRowServer } from '../support/in-memory-row-source.ts';
import { rowSourceContract } from './row-source.contract.ts';

rowSourceContract('in memory', '`', async () => {
  const { source, tables, state } = openInMemoryRowServer();
  return {
    source,
    place: { host: state.host, port: state.port, username: state.username, database: 'lynq_contract' },
    password: state.password,
    deadPort: 1,
    async putTable(database, table, columns, rows) {
      tables.set(`${database}.${table}`, { columns, rows });
    },
    cut() {
      state.isCut = true;
      setImmediate(() => {
        state.isCut = false;
      });
    },
    async setPassword(password) {
      state.password = password;
    },
    async close() {},
  };
});
