import { describe, expect, it } from 'vitest';
import { isWarning } from '../../../../adapters/postgres/session.ts';

describe('adapters/postgres/session', () => {
  it('knows a warning of a server that speaks another language', () => {
    const told = (severity: string, code: string): boolean => isWarning({ severity, code } as never);

    expect([told('WARNUNG', '01000'), told('AVERTISSEMENT', '01P01'), told('HINWEIS', '00000')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
