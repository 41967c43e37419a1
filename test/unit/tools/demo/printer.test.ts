import { describe, expect, it } from 'vitest';
import { makePrinter, wantsColour } from '../../../../tools/demo/printer.ts';

function paper(isTTY: boolean) {
  let text = '';
  return { isTTY, columns: 40, write: (more: string) => (text += more), read: () => text };
}

describe('tools/demo/printer', () => {
  it('prints plain lines with their time where there is no terminal', () => {
    const screen = paper(false);
    let now = 1_000;
    const printer = makePrinter({ screen, colour: false, now: () => now });
    printer.heading('1. Start');
    now = 3_500;
    printer.command('kubectl get nodes');
    printer.block(['a', '', 'b']);
    expect(screen.read()).toBe('\n== 1. Start\n   2.5 s  $ kubectl get nodes\n            a\n\n            b\n');
  });

  it('tells what is waited for every three seconds, and not before, where there is no terminal', () => {
    const screen = paper(false);
    let now = 0;
    const printer = makePrinter({ screen, colour: false, now: () => now });
    for (; now <= 6_400; now += 200) printer.waiting(`at ${now}`);
    expect(screen.read().split('\n')).toEqual(['   3.0 s  ... at 3000', '   6.0 s  ... at 6000', '']);
  });

  it('writes one line over again on a terminal, cut to its width', () => {
    const screen = paper(true);
    const printer = makePrinter({ screen, colour: false, now: () => 0 });
    printer.waiting('x'.repeat(80));
    printer.line('done');
    const [first = '', second = ''] = screen.read().split('\r\u001b[2K').slice(1);
    expect(first).toHaveLength(39);
    expect(second).toBe('  0.00 s  done\n');
  });

  it('uses colour on a terminal only, and not with NO_COLOR', () => {
    expect(wantsColour(paper(true), {})).toBe(true);
    expect(wantsColour(paper(true), { NO_COLOR: '1' })).toBe(false);
    expect(wantsColour(paper(true), { TERM: 'dumb' })).toBe(false);
    expect(wantsColour(paper(false), {})).toBe(false);
  });
});
