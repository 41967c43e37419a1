import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTableName, planRead, quoteIdentifier, textLiteral } from '../../../../adapters/mysql/statement.ts';
import type { LynqHubSpec, ValueMappings } from '../../../../domain/api/hub.ts';

function aSpec(
  change: { table?: string; columns?: Partial<ValueMappings>; extra?: Record<string, string> } = {},
): LynqHubSpec {
  const mysql = { host: 'db', port: 3306, username: 'u', database: 'nodes_db', table: change.table ?? 'nodes' };
  return {
    source: { type: 'mysql', syncInterval: '30s', mysql },
    valueMappings: { uid: 'node_id', activate: 'is_active', ...change.columns },
    ...(change.extra === undefined ? {} : { extraValueMappings: change.extra }),
  };
}

const shapeWrong = expect.objectContaining({ type: 'SourceShapeWrong' });

describe('adapters/mysql/statement', () => {
  it('selects uid, activate and the extras sorted by variable', () => {
    const plan = planRead(aSpec({ extra: { zone: 'a', Apple: 'b', 'a-b': 'c' } }));

    expect(plan.select).toBe('SELECT `node_id`, `is_active`, `b`, `c`, `a` FROM `nodes_db`.`nodes`');
    expect(plan.count).toBe('SELECT COUNT(*) FROM `nodes_db`.`nodes`');
    expect(plan.columns.map(({ variable }) => variable)).toEqual(['uid', 'activate', 'Apple', 'a-b', 'zone']);
  });

  it('puts hostOrUrl between uid and activate when it is mapped', () => {
    expect(planRead(aSpec({ columns: { hostOrUrl: 'url' } })).select).toBe(
      'SELECT `node_id`, `url`, `is_active` FROM `nodes_db`.`nodes`',
    );
    expect(planRead(aSpec({ columns: { hostOrUrl: '' } })).select).not.toContain('``');
  });

  it('has no mysql block to read', () => {
    const spec = aSpec();

    expect(() => planRead({ ...spec, source: { type: 'mysql', syncInterval: '30s' } })).toThrow(
      expect.objectContaining({ type: 'HubInvalid' }),
    );
  });

  it.each([
    ['nodes', 'nodes_db', 'nodes'],
    [' nodes ', 'nodes_db', 'nodes'],
    ['other.nodes', 'other', 'nodes'],
    ['`nodes`', 'nodes_db', 'nodes'],
    ['`my.table`', 'nodes_db', 'my.table'],
    ['`other`.`my``table`', 'other', 'my`table'],
    ['other.`my table`', 'other', 'my table'],
    ['nodes n JOIN x', 'nodes_db', 'nodes n JOIN x'],
    ['ünïcode', 'nodes_db', 'ünïcode'],
  ])('takes %j as table %s.%s', (text, database, table) => {
    expect(parseTableName(text, 'nodes_db')).toEqual({ database, table });
  });

  it.each(['a.b.c', '`a`b', '`a', 'a`b`', '`a` WHERE 1', '`a`.`b`.`c`', '`a``'])('refuses %j as a table', (text) => {
    expect(() => parseTableName(text, 'nodes_db')).toThrow(shapeWrong);
  });

  it.each(['', '.', 'a.', '.b', 'a\0b', 'x'.repeat(65), '``'])('refuses to read from %j', (table) => {
    expect(() => planRead(aSpec({ table }))).toThrow(shapeWrong);
  });

  it('takes two names of 64 quotes or characters beyond the BMP, in quotes', () => {
    const table = `${quoteIdentifier('`'.repeat(64))}.${quoteIdentifier('😀'.repeat(64))}`;

    expect(parseTableName(table, 'nodes_db')).toEqual({ database: '`'.repeat(64), table: '😀'.repeat(64) });
  });

  it.each([
    ['blanks around a dot', `a${' '.repeat(230)}.${' '.repeat(230)}\`x`],
    ['blanks before a quote', `${' '.repeat(500)}\`x`],
    ['blanks after a name', `\`a\`${' '.repeat(500)}x`],
    ['blanks within a name', `a${' b'.repeat(200)}\``],
    ['quotes', '`'.repeat(511)],
    ['much text', `a${' '.repeat(1_000_000)}.\`x`],
    ['a megabyte of dots', '.'.repeat(1_000_000)],
  ])('refuses a table of %s at once', (_name, table) => {
    expect(() => parseTableName(table, 'nodes_db')).toThrow(shapeWrong);
  });

  it('splits a table as the expression of the first versions did', () => {
    const part = '\\s*(?:`((?:[^`]|``)*)`|([^.`]*?))\\s*';
    const expression = new RegExp(`^${part}(?:\\.${part})?$`, 'su');
    const split = (text: string): unknown => {
      const match = expression.exec(text);
      if (match === null) return 'refused';
      const [first = '', second] = [
        match[1]?.replaceAll('``', '`') ?? match[2],
        match[3]?.replaceAll('``', '`') ?? match[4],
      ];
      return second === undefined ? { database: 'nodes_db', table: first } : { database: first, table: second };
    };
    const unit = fc.constantFrom('`', '``', '.', ' ', '\n', '\u00a0', '\ufeff', 'a', 'é', '😀', '\0');

    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        const outcome = ((): unknown => {
          try {
            return parseTableName(text, 'nodes_db');
          } catch {
            return 'refused';
          }
        })();

        expect(outcome).toEqual(split(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('counts characters, not UTF-16 units', () => {
    expect(quoteIdentifier('😀'.repeat(64))).toHaveLength(130);
    expect(() => quoteIdentifier('😀'.repeat(65))).toThrow(shapeWrong);
  });

  it('shortens a name that it refuses', () => {
    expect(() => quoteIdentifier('x'.repeat(1_000_000))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('x'.repeat(100)) }),
    );
  });

  it.each([
    ['a`b', '`a``b`'],
    ['`', '````'],
    ['` FROM mysql.user -- ', '``` FROM mysql.user -- `'],
    ['a.b', '`a.b`'],
    ["a' OR 1=1 #", "`a' OR 1=1 #`"],
    ['\\`', '`\\```'],
  ])('quotes %j as %s', (name, quoted) => {
    expect(quoteIdentifier(name)).toBe(quoted);
  });

  it('lets no column name or table name out of its quotes', () => {
    const name = fc.string({
      unit: fc.constantFrom('`', '.', "'", '"', ';', '-', ' ', '\\', '/', '*', 'a', 'é'),
      minLength: 1,
    });
    fc.assert(
      fc.property(name, name, (column, table) => {
        const text = planned(aSpec({ table: `\`${table.replaceAll('`', '``')}\``, extra: { x: column } }));
        if (text === undefined) return;

        expect(outsideQuotes(text)).toBe('SELECT ?, ?, ? FROM ?.?');
      }),
    );
  });

  it('lets no unquoted table text out of its quotes', () => {
    fc.assert(
      fc.property(fc.string(), (table) => {
        const text = planned(aSpec({ table }));
        if (text === undefined) return;

        expect(outsideQuotes(text)).toBe('SELECT ?, ? FROM ?.?');
      }),
    );
  });

  it('writes texts as hexadecimal literals', () => {
    expect(textLiteral("é' OR 1")).toBe("_utf8mb4 X'c3a927204f522031'");
  });
});

/** The SELECT, or undefined when the names are refused; anything else thrown fails the test. */
function planned(spec: LynqHubSpec): string | undefined {
  try {
    return planRead(spec).select;
  } catch (error) {
    expect(error).toMatchObject({ type: 'SourceShapeWrong' });
    return undefined;
  }
}

/** The statement with each quoted identifier as `?`, read as the server reads it. */
function outsideQuotes(sql: string): string {
  return sql.replace(/`(?:[^`]|``)*`/g, '?');
}
