import { describe, expect, it } from 'vitest';
import { parseRequestCounts, requestsBetween } from '../../../../tools/bench/api-requests.ts';

const metric = (labels: string, value: number) => `apiserver_request_total{${labels}} ${value}`;

describe('tools/bench/api-requests', () => {
  it('sums requests by verb, resource and subresource, over codes and versions, without watches', () => {
    const text = [
      '# HELP apiserver_request_total Counter',
      metric('code="200",group="",resource="configmaps",scope="resource",subresource="",verb="GET",version="v1"', 3),
      metric('code="404",group="",resource="configmaps",scope="resource",subresource="",verb="GET",version="v1"', 2),
      metric('code="200",resource="lynqforms",subresource="status",verb="PATCH"', 7),
      metric('code="200",resource="configmaps",subresource="",verb="WATCH"', 100),
      'apiserver_request_duration_seconds_sum{resource="configmaps",verb="GET"} 9',
    ].join('\n');
    expect(parseRequestCounts(text)).toEqual(
      new Map([
        ['GET configmaps', 5],
        ['PATCH lynqforms/status', 7],
      ]),
    );
  });

  it('tells what lay between two moments', () => {
    const before = new Map([['GET configmaps', 5]]);
    const after = new Map([
      ['GET configmaps', 9],
      ['LIST pods', 1],
    ]);
    expect([...requestsBetween(before, after)]).toEqual([
      ['GET configmaps', 4],
      ['LIST pods', 1],
    ]);
  });
});
