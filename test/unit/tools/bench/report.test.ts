import { describe, expect, it } from 'vitest';
import { readRequests, requestCounts, spread } from '../../../../tools/bench/cost.ts';
import { limitChecks } from '../../../../tools/bench/limits.ts';
import { parseOptions } from '../../../../tools/bench/options.ts';
import {
  type BenchResult,
  exitCodeOf,
  isWithin,
  median,
  ratioOf,
  resultLines,
  resultsJson,
} from '../../../../tools/bench/report.ts';

const machine = {
  cores: 2,
  processor: 'P',
  memoryGiB: 8,
  platform: 'linux x64',
  node: 'v20.19.0',
  commit: 'abc1234',
  date: '2026-11-22',
  loadBefore: 0.5,
};

const result: BenchResult = {
  name: 'B0',
  title: 'rows at once',
  limit: 3.9,
  rows: 25,
  statedRows: 25,
  nodes: 100,
  floor: [8_000, 10_000],
  ours: [17_000, 19_000],
  syncWait: [1_000, 3_000],
  costs: [
    { label: 'writes', floor: ['500', '500'], ours: ['900', '905'] },
    { label: 'activities', floor: ['', ''], ours: ['3', '4'] },
    { label: 'CPU seconds', floor: ['apiserver 9.0, etcd 1.0', 'etcd 1.0'], ours: ['worker 3.0', 'worker 2.0'] },
  ],
};

describe('tools/bench/report', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });

  it('divides the medians', () => {
    expect(ratioOf(result)).toBe(2);
  });

  it('compares each of ours with the floor before and after it, where the benchmark measures so', () => {
    expect(ratioOf({ floor: [10, 10, 20, 20], ours: [20, 45, 30], flanked: true })).toBe(2);
  });

  it('prints the floor that comes after the last round in a column of its own', () => {
    const lines = resultLines({ ...result, floor: [8_000, 10_000, 9_000], flanked: true, costs: [] }, machine);
    expect(lines.filter((line) => /^(floor|ours) /.test(line)).map((line) => line.split(/ {2,}/))).toEqual([
      ['floor', '8.0 s', '10.0 s', '9.0 s', '9.0 s'],
      ['ours', '17.0 s', '19.0 s', '18.0 s'],
    ]);
    const [floor = '', ours = ''] = lines.filter((line) => /^(floor|ours) /.test(line));
    expect(ours.indexOf('18.0 s')).toBe(floor.lastIndexOf('9.0 s'));
  });

  it('prints a table, with long texts under it', () => {
    expect(resultLines(result, machine)).toEqual([
      'B0: rows at once',
      '25 rows, 100 LynqNodes',
      '2 cores (P), 8 GiB, linux x64, Node v20.19.0, commit abc1234, 2026-11-22, load 0.5 before',
      '',
      '                               round 1  round 2  median',
      'floor                          8.0 s    10.0 s   9.0 s',
      'ours                           17.0 s   19.0 s   18.0 s',
      '  of it: until the sync began  1.0 s    3.0 s    2.0 s',
      'floor: writes                  500      500',
      'ours: writes                   900      905',
      'ours: activities               3        4',
      '',
      'floor: CPU seconds, round 1: apiserver 9.0, etcd 1.0',
      'floor: CPU seconds, round 2: etcd 1.0',
      'ours: CPU seconds, round 1: worker 3.0',
      'ours: CPU seconds, round 2: worker 2.0',
      '',
      'B0  ratio 2.00, limit 3.9: within the limit',
    ]);
  });

  it('says so when above the limit or below the stated size', () => {
    expect(resultLines({ ...result, ours: [90_000, 90_000] }, machine).at(-1)).toContain('ABOVE THE LIMIT');
    expect(resultLines({ ...result, rows: 3 }, machine).at(-1)).toContain('below the stated size of 25 rows');
  });

  it('ends with 2 when one benchmark ran below its stated size, and with 0 otherwise, above a limit too', () => {
    expect(exitCodeOf([result, { ...result, rows: 26 }])).toBe(0);
    expect(exitCodeOf([{ ...result, ours: [90_000, 90_000] }])).toBe(0);
    expect(exitCodeOf([result, { ...result, rows: 24 }])).toBe(2);
    expect(exitCodeOf([])).toBe(0);
  });

  it('holds each further figure against its own limit', () => {
    const check = { label: 'requests', value: 6, atMost: 5, unit: '' };
    expect(resultLines({ ...result, checks: [check] }, machine).at(-1)).toBe(
      'B0  requests: 6, at most 5: ABOVE THE LIMIT',
    );
    expect(isWithin(result)).toBe(true);
    expect(isWithin({ ...result, checks: [check] })).toBe(false);
    expect(isWithin({ ...result, checks: [{ ...check, value: 5 }] })).toBe(true);
  });

  it('gives many repeats as their range, and counts as counts', () => {
    const many = { ...result, costs: [], floor: [1, 2, 3, 4, 5, 6], ours: [2, 4, 6, 8, 10, 12] };
    const { syncWait: _, ...repeated } = many;
    const sides = { unit: 'writes', floor: 'needed', ours: 'made' } as const;
    expect(resultLines({ ...repeated, sides }, machine).slice(4, 7)).toEqual([
      '        6 repeats  median',
      'needed  1 to 6     3.5',
      'made    2 to 12    7',
    ]);
  });

  it('writes the ratio under the name of the benchmark', () => {
    const json = JSON.parse(resultsJson([result], machine)) as Record<string, Record<string, unknown>>;
    expect(Object.keys(json)).toEqual(['B0']);
    expect(json['B0']).toMatchObject({
      ratio: 2,
      limit: 3.9,
      within: true,
      floorSeconds: [8, 10],
      oursSeconds: [17, 19],
    });
    const small = JSON.parse(resultsJson([{ ...result, rows: 3 }], machine)) as Record<string, Record<string, unknown>>;
    expect(small['B0']).toMatchObject({ within: false, rows: 3, statedRows: 25 });
  });
});

describe('tools/bench/cost', () => {
  it('adds up reads of every kind and leaves writes out', () => {
    const metrics = [
      '# HELP apiserver_request_total x',
      'apiserver_request_total{code="200",verb="GET"} 3',
      'apiserver_request_total{code="404",verb="GET"} 1',
      'apiserver_request_total{code="200",verb="LIST"} 2e+01',
      'apiserver_request_total{code="200",verb="PATCH"} 7',
      'apiserver_request_total_other{verb="GET"} 9',
    ];
    expect(readRequests(metrics.join('\n'))).toBe(24);
  });

  it('counts requests by verb and resource, without watches', () => {
    const metrics = [
      'apiserver_request_total{code="200",resource="leases",verb="GET"} 3',
      'apiserver_request_total{code="404",resource="leases",verb="GET"} 1',
      'apiserver_request_total{code="0",resource="pods",verb="WATCH"} 5',
      'apiserver_request_total{code="200",resource="",verb="GET"} 2',
    ];
    expect([...requestCounts(metrics.join('\n'))]).toEqual([
      ['GET leases', 4],
      ['GET other', 2],
    ]);
  });

  it('tells the middle, the largest and the sum', () => {
    expect(spread([1, 2, 9])).toBe('2 (at most 9, together 12)');
  });
});

describe('tools/bench/limits', () => {
  it('holds the largest of each against a tenth of what Temporal allows', () => {
    const near = { events: 100, bytes: 1_000, largestPayload: 300_000, mostPendingChildren: 200 };
    const checks = limitChecks([near, { ...near, events: 90 }]);

    expect(checks).toEqual([
      { label: 'Temporal: events of a history', value: 100, atMost: 5_120, unit: '' },
      { label: 'Temporal: a history', value: 1_000, atMost: 5_242_880, unit: 'bytes' },
      { label: 'Temporal: a payload', value: 300_000, atMost: 209_715, unit: 'bytes' },
      { label: 'Temporal: children of a run', value: 200, atMost: 200, unit: '' },
    ]);
    expect(isWithin({ ...result, checks })).toBe(false);
    expect(isWithin({ ...result, checks: limitChecks([{ ...near, largestPayload: 3 }]) })).toBe(true);
  });

  it('holds nothing for within where no history was read', () => {
    expect(() => limitChecks([])).toThrow(RangeError);
  });
});

describe('tools/bench/options', () => {
  const folders = { cwd: '/here', defaultData: '/checkout/.stack/bench' };
  const parse = (...args: string[]) => parseOptions(args, folders, ['B0', 'B1']);

  it('runs everything by default', () => {
    const all = { only: ['B0', 'B1'], json: undefined, rows: undefined, dataDir: '/checkout/.stack/bench' };
    expect(parse()).toEqual(all);
  });

  it('takes names, a file and a number of rows', () => {
    const options = parse('--only', 'B1,B0,B1', '--json', 'o.json', '--rows', '7');
    expect(options).toMatchObject({ only: ['B1', 'B0'], json: '/here/o.json', rows: 7 });
  });

  it('refuses names and numbers there are not', () => {
    expect(() => parse('--only', 'B9')).toThrow('no benchmark B9');
    expect(() => parse('--rows', '0')).toThrow('not a number');
    expect(() => parse('--rows', 'ten')).toThrow('not a number');
  });
});
