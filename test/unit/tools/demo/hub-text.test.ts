import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { adaptHub, changedLines } from '../../../../tools/demo/hub-text.ts';

const seed = readFileSync(new URL('../../../../examples/multi-tier/hub.yaml', import.meta.url), 'utf8');
const changes = { host: '127.0.0.1', port: 20_001, syncInterval: '5s' };

describe('tools/demo/hub-text', () => {
  it('changes host, port and interval of the seed and no other line', () => {
    expect(changedLines(seed, adaptHub(seed, changes))).toEqual([
      ' 9 -     syncInterval: 1m',
      ' 9 +     syncInterval: 5s',
      '11 -       host: mysql.internal.svc.cluster.local',
      '11 +       host: 127.0.0.1',
      '12 -       port: 3306',
      '12 +       port: 20001',
    ]);
  });

  it('prints nothing for equal texts', () => {
    expect(changedLines(seed, seed)).toEqual([]);
  });

  it('says which line is missing instead of leaving the server of someone else in the hub', () => {
    expect(() => adaptHub(seed.replace(/^ *port: .*\n/m, ''), changes)).toThrow('no line "port:"');
  });
});
