import { describe, expect, it } from 'vitest';
import { textOf } from './support.ts';

const now = new Date('2024-03-01T12:00:00.250Z');

function at(template: string): string {
  return textOf(template, {}, { now });
}

describe('template/functions/dates', () => {
  it('takes the time of the render as now, in UTC', () => {
    expect(at('{{ now }}')).toBe('2024-03-01 12:00:00.25 +0000 UTC');
    expect(at('{{ date "2006-01-02 15:04" "anything" }}')).toBe('2024-03-01 12:00');
    expect(at('{{ ago (toDate "2006-01-02" "2024-02-29") }}')).toBe('36h0m0s');
    expect(at('{{ durationRound (toDate "2006-01-02" "2023-01-01") }}')).toBe('1y');
  });

  it('knows the offsets and abbreviations of zones, past ones too', () => {
    const shown = (unix: number, zone: string): string => at(`{{ dateInZone "15:04 -0700 MST" ${unix} "${zone}" }}`);
    expect(shown(1_709_251_200, 'Europe/Berlin')).toBe('01:00 +0100 CET');
    expect(shown(1_720_000_000, 'America/New_York')).toBe('05:46 -0400 EDT');
    expect(shown(670_374_000, 'Europe/Moscow')).toBe('02:00 +0300 EEST');
    expect(shown(0, 'America/Sao_Paulo')).toBe('21:00 -0300 -03');
  });

  it('takes a zone that does not exist, or is written in another case, as UTC', () => {
    for (const zone of ['Bogus/Zone', 'europe/berlin', '../UTC', 'Local', '']) {
      expect(at(`{{ dateInZone "MST" 0 "${zone}" }}`)).toBe('UTC');
    }
  });

  it('shows years beyond four digits and zones in the far future', () => {
    expect(at('{{ date "2006-01-02" 253402300800 }}')).toBe('10000-01-01');
    expect(at('{{ dateInZone "2006 MST" 999999999999 "Europe/Berlin" }}')).toBe('33658 CEST');
  });

  it('gives the zero time for a text it cannot read, and fails where the function must', () => {
    expect(at('{{ toDate "2006-01-02" "x" }}')).toBe('0001-01-01 00:00:00 +0000 UTC');
    expect(at('{{ mustToDate "2006-01-02" "s3cr3t" }}')).toMatch(/^exec: mustToDate: parsing time/);
    expect(at('{{ mustToDate "2006-01-02" "s3cr3t" }}')).not.toContain('s3cr3t');
  });

  it('offers the methods of times, durations and months', () => {
    const time = '(toDate "2006-01-02" "2024-02-29")';
    expect(at(`{{ ${time}.Month }} {{ ${time}.YearDay }} {{ ${time}.Weekday }}`)).toBe('February 60 Thursday');
    expect(at(`{{ (${time}.AddDate 1 0 0).Format "2006-01-02" }}`)).toBe('2025-03-01');
    expect(at(`{{ (now.Sub ${time}).Hours }}`)).toBe('36.00006944444444');
    expect(at(`{{ ${time}.Zone }}`)).toMatch(/^exec: /);
  });

  it('refuses layouts and durations that are too long', () => {
    expect(textOf('{{ date .layout 0 }}', { layout: '2006'.repeat(20_000) })).toMatch(/^limit: date/);
    expect(textOf('{{ mustDateModify .text now }}', { text: '1ns'.repeat(30_000) })).toMatch(/^limit: mustDateModify/);
  });
});
