import uPlot from 'uplot';
import type { Drawing, DrawnPanel } from '../drawing.ts';
import { numberText } from '../units.ts';

/** Runs in the browser: draws what tools/monitoring/drawing.ts made of the dashboard. Sizes are those of Grafana's grid. */
const rowHeight = 38;
const gap = 8;
const palette = ['#3b8132', '#d9a400', '#1f60c4', '#e0752d', '#c4162a', '#8f3bb8', '#0a7d87', '#7d4c2b', '#6b7280'];
/** So that an axis of bytes has whole mebibytes. */
const powers = Array.from({ length: 45 }, (_, power) => 2 ** power);
const colours = { text: '#24292e', green: '#3b8132', blue: '#1f60c4', orange: '#d9730d', red: '#c4162a' } as const;

type Chart = Extract<DrawnPanel, { kind: 'chart' }>;

function element(parent: HTMLElement, tag: string, text = '', className = ''): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== '') made.className = className;
  parent.append(made);
  return made;
}

const colourOf = (index: number): string => palette[index % palette.length] ?? colours.text;

function legend(box: HTMLElement, { lines }: Chart): HTMLElement {
  const made = element(box, 'div', '', 'legend');
  lines.forEach(({ name }, index) => {
    const entry = element(made, 'span');
    element(entry, 'i').style.background = colourOf(index);
    entry.append(name);
  });
  return made;
}

/** Zero is on every axis but those of bytes, which move little at a height of their own. */
function scaleOf(unit: Chart['unit'], least: number | null, most: number | null): uPlot.Range.MinMax {
  const [low, high] = [least ?? 0, most ?? 1];
  const bottom = unit === 'bytes' ? low - Math.max(high - low, low / 50) : Math.min(0, low);
  const top = high === bottom ? bottom + 1 : high;
  return [bottom, top + (top - bottom) * 0.08];
}

const axisStyle = {
  stroke: '#57606a',
  grid: { stroke: '#eceff1', width: 1 },
  ticks: { show: false },
  font: '10px Liberation Sans',
} as const;

function axesOf({ unit, words }: Chart): uPlot.Axis[] {
  const named = Object.keys(words).map(Number);
  const said = (value: number): string => words[String(value)] ?? numberText(value, unit);
  const numbers: uPlot.Axis = { ...axisStyle, size: 74, values: (_, splits) => splits.map(said) };
  return [
    { ...axisStyle, size: 24, values: '{HH}:{mm}:{ss}', space: 70 },
    {
      ...numbers,
      ...(named.length > 0 ? { splits: named } : {}),
      ...(unit === 'bytes' ? { incrs: powers } : {}),
    },
  ];
}

function chart(box: HTMLElement, panel: Chart, times: readonly number[]): void {
  const under = legend(box, panel).offsetHeight;
  const above = [...box.children].reduce((sum, { tagName }) => sum + (tagName === 'DIV' ? 0 : 17), 0);
  const most = Math.max(...Object.keys(panel.words).map(Number));
  const range: uPlot.Scale.Range = (_, low, high) =>
    Number.isFinite(most) ? [-0.2, most + 0.2] : scaleOf(panel.unit, low, high);
  const lines = panel.lines.map(
    ({ name }, index): uPlot.Series => ({
      label: name,
      stroke: colourOf(index),
      width: 1.5,
      points: { show: false },
    }),
  );
  new uPlot(
    {
      width: box.clientWidth - 20,
      height: box.clientHeight - above - under - 14,
      pxAlign: false,
      cursor: { show: false },
      scales: { y: { range } },
      axes: axesOf(panel),
      series: [{}, ...lines],
    },
    [[...times], ...panel.lines.map(({ values }) => [...values])],
    element(box, 'div'),
  );
}

function table(box: HTMLElement, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const made = element(box, 'table');
  const head = element(made, 'tr');
  for (const column of columns) element(head, 'th', column);
  for (const row of rows) {
    const line = element(made, 'tr');
    for (const cell of row) element(line, 'td', cell);
  }
}

function stat(box: HTMLElement, { numbers }: Extract<DrawnPanel, { kind: 'stat' }>): void {
  for (const { name, text, colour } of numbers) {
    const made = element(box, 'div', '', 'stat');
    element(made, 'b', text).style.color = colours[colour];
    if (numbers.length > 1) element(made, 'span', name);
  }
}

function draw(grid: HTMLElement, panel: DrawnPanel, times: readonly number[]): void {
  const box = element(grid, 'section', '', 'panel');
  const { x, y, w, h } = panel.place;
  const column = grid.clientWidth / 24;
  Object.assign(box.style, {
    left: `${x * column}px`,
    top: `${y * rowHeight}px`,
    width: `${w * column - gap}px`,
    height: `${h * rowHeight - gap}px`,
  });
  element(box, 'h2', panel.title);
  if (panel.description !== '') element(box, 'p', panel.description, 'description').style.margin = '0';
  if (panel.kind === 'empty') element(box, 'div', 'No data', 'nothing');
  else if (panel.kind === 'stat') stat(box, panel);
  else if (panel.kind === 'table') table(box, panel.columns, panel.rows);
  else chart(box, panel, times);
}

function main(): void {
  const drawing = JSON.parse(document.getElementById('drawing')?.textContent ?? '') as Drawing;
  const header = element(document.body, 'header');
  element(header, 'h1', drawing.title);
  element(header, 'p', drawing.said);
  for (const variable of drawing.variables) element(header, 'span', variable, 'variable');
  const grid = element(document.body, 'div', '', 'grid');
  grid.style.height = `${Math.max(...drawing.panels.map(({ place }) => place.y + place.h)) * rowHeight}px`;
  for (const panel of drawing.panels) draw(grid, panel, drawing.times);
  document.body.dataset['drawn'] = 'yes';
}

main();
