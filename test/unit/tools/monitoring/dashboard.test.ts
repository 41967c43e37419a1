import { describe, expect, it } from 'vitest';
import { filled, labelValuesOf, legendText, readDashboard } from '../../../../tools/monitoring/dashboard.ts';

describe('tools/monitoring/dashboard', () => {
  it('knows every setting of our dashboard, and its variables', () => {
    const { panels, variables } = readDashboard();

    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(variables.map(({ name }) => name)).toEqual(['job', 'namespace', 'hub']);
  });

  it('has no panel that lies on another', () => {
    const cells = readDashboard().panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );

    expect(new Set(cells).size).toBe(cells.length);
  });

  it('asks for the value of now where one value is shown, so that a worker that is gone is not shown as it was', () => {
    const wrong = readDashboard().panels.filter(({ type, targets }) =>
      targets.some(({ instant, range }) => instant === (type === 'timeseries') || range === instant),
    );

    expect(wrong.map(({ title }) => title)).toEqual([]);
  });

  it('has a colour of its own for every number, for the default of Grafana is red from 80 on', () => {
    const stats = readDashboard().panels.filter(({ type }) => type === 'stat');

    expect(stats.filter(({ fieldConfig }) => fieldConfig.defaults.thresholds === undefined)).toEqual([]);
  });

  it('fills in variables, and names one that is not there', () => {
    expect(filled('a{job=~"$job"}', new Map([['job', '.*']]))).toBe('a{job=~".*"}');
    expect(() => filled('a{job=~"$jib"}', new Map())).toThrow('the dashboard has no variable jib');
  });

  it('reads a query of label values', () => {
    expect(labelValuesOf('label_values(a{b="c, d"}, job)')).toEqual({ selector: 'a{b="c, d"}', label: 'job' });
    expect(() => labelValuesOf('a')).toThrow('not a query of label values: a');
  });

  it.each([
    ['{{hub}} desired', 'h desired'],
    ['{{pod}} {{ instance }}', '1:2'],
    ['', 'up{hub="h", instance="1:2"}'],
  ])('names a series by %j', (format, name) => {
    expect(legendText(format, { __name__: 'up', hub: 'h', instance: '1:2' })).toBe(name);
  });
});
