import type { HubSource } from './api/hub.ts';
import type { RowSource } from './ports.ts';

/** One source for all hubs: each read goes to the source of the hub's type. */
export function rowSourceByType(sources: Readonly<Record<HubSource['type'], RowSource>>): RowSource {
  const all = Object.values(sources);
  return {
    read: (request, onRow) => sources[request.spec.source.type].read(request, onRow),
    recheck: (request) => sources[request.spec.source.type].recheck(request),
    async retain(hubs) {
      await Promise.all(all.map((source) => source.retain(hubs)));
    },
    async close() {
      await Promise.all(all.map((source) => source.close()));
    },
  };
}
