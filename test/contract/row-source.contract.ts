import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HubSource, LynqHubSpec, MySqlSource, PostgresSource } from '../../domain/api/hub.ts';
import type { KnownRead, ReadProof, RowRequest, RowSource, SourceRow } from '../../domain/ports.ts';

/** What every RowSource does, the fake and the real one (CONTRIBUTING, rule 11). */

/** A server with a database `lynq_contract` of its own, and a source that reads from it. */
export interface RowSourceWorld {
  readonly source: RowSource;
  /** Default `mysql`. */
  readonly type?: HubSource['type'];
  readonly place: Omit<MySqlSource, 'table' | 'passwordRef'> & Partial<Pick<PostgresSource, 'schema'>>;
  readonly password: string;
  /** A port where nobody listens. */
  readonly deadPort: number;
  /** Creates or replaces a table of text columns; null is NULL. */
  putTable(
    database: string,
    table: string,
    columns: readonly string[],
    rows: readonly (readonly (string | null)[])[],
  ): Promise<void>;
  /** Breaks the connections of reads under way; new ones work. */
  cut(): void;
  setPassword(password: string): Promise<void>;
  close(): Promise<void>;
}

export interface HubChange {
  readonly hub?: string;
  readonly table?: string;
  /** Fields of the block of the source. */
  readonly block?: Partial<MySqlSource>;
  readonly columns?: { readonly uid?: string; readonly activate?: string; readonly hostOrUrl?: string };
  readonly extra?: Readonly<Record<string, string>>;
  readonly password?: string;
  readonly known?: KnownRead;
  readonly signal?: AbortSignal;
}

export function aRequest(
  world: Pick<RowSourceWorld, 'type' | 'place' | 'password'>,
  change: HubChange = {},
): RowRequest {
  const { type = 'mysql' } = world;
  const { schema = 'public', ...place } = world.place;
  const block = { ...place, table: change.table ?? 'nodes', ...change.block };
  const spec: LynqHubSpec = {
    source: {
      type,
      syncInterval: '30s',
      ...(type === 'mysql' ? { mysql: block } : { postgres: { schema, ...block } }),
    },
    valueMappings: { uid: 'node_id', activate: 'is_active', ...change.columns },
    extraValueMappings: change.extra ?? {},
  };
  const signal = change.signal ?? new AbortController().signal;
  const { known } = change;
  return { hub: change.hub ?? 'hub', spec, password: change.password ?? world.password, known, signal };
}

/** The rows with plain extras, so that they compare with literals, and the proof. */
export async function readAll(
  world: RowSourceWorld,
  change: HubChange = {},
): Promise<{ rows: readonly SourceRow[]; proof: ReadProof }> {
  const rows: SourceRow[] = [];
  const proof = await world.source.read(aRequest(world, change), (row) =>
    rows.push({ ...row, extra: { ...row.extra } }),
  );
  return { rows, proof };
}

/** `quote` is the character around quoted names. */
export function rowSourceContract(name: string, quote: '`' | '"', open: () => Promise<RowSourceWorld>): void {
  describe(`row source: ${name}`, () => {
    let world: RowSourceWorld;

    beforeAll(async () => {
      world = await open();
      await world.putTable(
        'lynq_contract',
        'nodes',
        ['node_id', 'is_active', 'plan', 'host'],
        [
          ['acme', '1', 'pro', 'https://acme.example'],
          ['beta', '0', null, null],
          [null, null, '', ''],
          ['acme', '1', 'žluť 😀', '<&>'],
        ],
      );
      await world.putTable('lynq_contract', 'empty', ['node_id', 'is_active'], []);
      await world.putTable('lynq_elsewhere', 'other.nodes', ['node_id', 'is_active'], [['gamma', '1']]);
      const wide = 'x'.repeat(1_000);
      const rows = Array.from({ length: 20_000 }, (_, index) => [`row-${index}`, '1', wide] as const);
      await world.putTable('lynq_contract', 'large', ['node_id', 'is_active', 'wide'], rows);
    }, 60_000);

    afterAll(async () => {
      await world.close();
    });

    it('delivers every row, duplicates and NULL uids included, and proves their number', async () => {
      const { rows, proof } = await readAll(world, { columns: { hostOrUrl: 'host' }, extra: { plan: 'plan' } });

      expect(rows).toEqual([
        { uid: 'acme', activate: '1', hostOrUrl: 'https://acme.example', extra: { plan: 'pro' } },
        { uid: 'beta', activate: '0', hostOrUrl: '', extra: { plan: '' } },
        { uid: '', activate: '', hostOrUrl: '', extra: { plan: '' } },
        { uid: 'acme', activate: '1', hostOrUrl: '<&>', extra: { plan: 'žluť 😀' } },
      ]);
      expect(proof).toMatchObject({ rows: 4, warnings: [], insecure: true });
    });

    it('leaves hostOrUrl empty and the extras out when they are not mapped', async () => {
      const { rows } = await readAll(world);

      expect(rows[0]).toEqual({ uid: 'acme', activate: '1', hostOrUrl: '', extra: {} });
    });

    it('gives one column to several variables, __proto__ among them', async () => {
      const extra = JSON.parse('{"__proto__":"plan","b":"plan"}');

      const read: SourceRow[] = [];
      await world.source.read(aRequest(world, { extra }), (row) => read.push(row));

      expect(Object.entries(read[0]?.extra ?? {})).toEqual([
        ['__proto__', 'pro'],
        ['b', 'pro'],
      ]);
    });

    describe('rows of which a read before is known', () => {
      const table = 'known';
      const extra = { plan: 'plan' };
      const rows = [
        ['acme', '1', 'pro'],
        ['beta', '0', null],
      ] as const;
      const put = (...present: readonly (readonly (string | null)[])[]) =>
        world.putTable('lynq_contract', table, ['node_id', 'is_active', 'plan'], present);

      it('are not handed on when they are the same', async () => {
        await put(...rows);
        const { proof } = await readAll(world, { table, extra });
        const again = await readAll(world, { table, extra, known: proof });
        expect(again).toEqual({ rows: [], proof: { ...proof, unchanged: true } });
      });

      it.each<readonly [string, readonly (readonly (string | null)[])[]]>([
        ['a value is another', [rows[0], ['beta', '1', null]]],
        ['NULL has become empty text', [rows[0], ['beta', '0', '']]],
        ['a text has moved to the next column', [['acme', '1p', 'ro'], rows[1]]],
        ['a row has come', [...rows, ['gamma', '1', 'pro']]],
        ['a row has gone', [rows[0]]],
        ['all rows have gone', []],
      ])('are handed on, all of them, when %s', async (_, present) => {
        await put(...rows);
        const { proof } = await readAll(world, { table, extra });
        await put(...present);
        const again = await readAll(world, { table, extra, known: proof });
        expect(again.rows.map(({ uid }) => uid)).toEqual(present.map(([uid]) => uid));
        expect(again.proof).toMatchObject({ rows: present.length });
        expect(again.proof.unchanged).toBeUndefined();
        expect(again.proof.digest).not.toBe(proof.digest);
      });

      it('are handed on when they are known from another source', async () => {
        await put(...rows);
        const { proof } = await readAll(world, { table, extra });
        const again = await readAll(world, { table, extra, known: { ...proof, identity: 'another' } });
        expect(again.rows).toHaveLength(rows.length);
        expect(again.proof).toEqual(proof);
      });
    });

    describe('the question whether rows are still those of a read before', () => {
      const table = 'rechecked';
      const columns = ['node_id', 'is_active', 'plan'];
      const extra = { plan: 'plan' };
      const put = (...rows: readonly (readonly (string | null)[])[]) =>
        world.putTable('lynq_contract', table, columns, rows);
      const recheck = (known: KnownRead, change: HubChange = {}) =>
        world.source.recheck({ ...aRequest(world, { table, extra, ...change }), known });

      const same = (proof: ReadProof) => ({ kind: 'same', proof: { ...proof, unchanged: true } });

      it('is answered with the proof while they are, and otherwise once they are not', async () => {
        await put(['acme', '1', 'pro'], ['beta', '0', null]);
        const { proof } = await readAll(world, { table, extra });
        expect(await recheck(proof)).toEqual(same(proof));
        expect(await recheck(proof)).toEqual(same(proof));
        expect(await recheck({ ...proof, identity: 'another' })).toEqual({ kind: 'other' });
        await put(['acme', '1', 'pro'], ['beta', '0', '']);
        expect(await recheck(proof)).toEqual({ kind: 'other' });
        const { proof: next } = await readAll(world, { table, extra });
        expect(await recheck(next)).toEqual(same(next));
      });

      it('has no proof for an answer when the read is cancelled', async () => {
        await put(['acme', '1', 'pro']);
        const { proof } = await readAll(world, { table, extra });
        const outcome = await recheck(proof, { signal: AbortSignal.abort() }).catch((error: unknown) => error);
        expect(outcome).not.toMatchObject({ kind: 'same' });
      });
    });

    it('proves an empty table', async () => {
      const { rows, proof } = await readAll(world, { table: 'empty' });

      expect(rows).toEqual([]);
      expect(proof.rows).toBe(0);
    });

    it('reads a table of another database or schema, in quotes when its name has a dot', async () => {
      const { rows } = await readAll(world, { table: `lynq_elsewhere.${quote}other.nodes${quote}` });

      expect(rows.map(({ uid }) => uid)).toEqual(['gamma']);
    });

    it('has one identity for one table and another for another', async () => {
      const [first, again, other] = [
        await readAll(world),
        await readAll(world),
        await readAll(world, { table: 'empty' }),
      ];

      expect(again.proof.identity).toBe(first.proof.identity);
      expect(other.proof.identity).not.toBe(first.proof.identity);
    });

    it('names the table, the column and what it is mapped to when the column is missing', async () => {
      const failed = readAll(world, { extra: { apiReplicas: 'api_replica' } });

      await expect(failed).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        message: 'table lynq_contract.nodes has no column api_replica (mapped to variable apiReplicas)',
      });
    });

    it('names the table when it is missing', async () => {
      await expect(readAll(world, { table: 'nowhere' })).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        message: expect.stringContaining('lynq_contract.nowhere'),
      });
    });

    it.each([
      'nodes; DROP TABLE nodes',
      'nodes WHERE 1=1',
      `${quote}nodes${quote} n`,
      'a.b.c',
      '',
      quote,
      'x'.repeat(65),
    ])('does not take %j for a table', async (table) => {
      await expect(readAll(world, { table })).rejects.toMatchObject({ type: 'SourceShapeWrong' });
      expect((await readAll(world)).rows).toHaveLength(4);
    });

    it('is denied with a wrong password, which no message repeats', async () => {
      const failed = await readAll(world, { hub: 'denied', password: 'wrong-canary' }).catch((error: unknown) => error);

      expect(failed).toMatchObject({ type: 'SourceDenied' });
      expect(`${String(failed)}${JSON.stringify(failed)}`).not.toContain('wrong-canary');
    });

    it('says which server it cannot reach', async () => {
      await expect(readAll(world, { hub: 'dead', block: { port: world.deadPort } })).rejects.toMatchObject({
        type: 'SourceUnreachable',
        message: expect.stringContaining(`:${world.deadPort}`),
      });
    });

    it('fails when the hub has no block of its source', async () => {
      const request = aRequest(world);
      const { type, syncInterval } = request.spec.source;
      const spec = { ...request.spec, source: { type, syncInterval } };

      await expect(world.source.read({ ...request, spec }, () => undefined)).rejects.toMatchObject({
        type: 'HubInvalid',
      });
    });

    it('gives no proof when the connection breaks between two rows, and reads again afterwards', async () => {
      let seen = 0;

      const failed = world.source.read(aRequest(world, { table: 'large', extra: { wide: 'wide' } }), () => {
        seen += 1;
        if (seen === 10) world.cut();
      });

      await expect(failed).rejects.toMatchObject({
        type: expect.stringMatching(/^Source(Incomplete|Unreachable)$/),
      });
      expect(seen).toBeLessThan(20_000);
      expect((await readAll(world, { table: 'large' })).proof.rows).toBe(20_000);
    });

    it('starts no read with an aborted signal', async () => {
      await expect(readAll(world, { signal: AbortSignal.abort() })).rejects.toMatchObject({ type: 'SourceIncomplete' });
    });

    it('stops delivering rows when the signal aborts', async () => {
      const controller = new AbortController();
      let seen = 0;

      const failed = world.source.read(aRequest(world, { table: 'large', signal: controller.signal }), () => {
        seen += 1;
        if (seen === 10) controller.abort();
      });

      await expect(failed).rejects.toMatchObject({ type: 'SourceIncomplete' });
      expect(seen).toBe(10);
    });

    it('passes on what the row handler throws and stops', async () => {
      const thrown = new Error('mine');
      let seen = 0;

      const failed = world.source.read(aRequest(world, { table: 'large' }), () => {
        seen += 1;
        throw thrown;
      });

      await expect(failed).rejects.toBe(thrown);
      expect(seen).toBe(1);
    });

    it('uses the new password at the next read', async () => {
      await world.setPassword('rotated');
      try {
        await expect(readAll(world, { password: 'rotated' })).resolves.toMatchObject({ proof: { rows: 4 } });
        await expect(readAll(world)).rejects.toMatchObject({ type: 'SourceDenied' });
      } finally {
        await world.setPassword(world.password);
      }
      await expect(readAll(world)).resolves.toMatchObject({ proof: { rows: 4 } });
    });

    it('reads on after its connections were closed', async () => {
      await world.source.retain(new Set());
      expect((await readAll(world)).rows).toHaveLength(4);
      await world.source.close();
      expect((await readAll(world)).rows).toHaveLength(4);
    });
  });
}
