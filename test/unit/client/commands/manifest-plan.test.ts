import { describe, expect, it } from 'vitest';
import { form, lynq, open, rows, wrote } from '../planned-form.ts';

describe('client/commands/manifest-plan', () => {
  it('shows what a form would make, ends with 1 and applies nothing', async () => {
    const world = open();

    const { out, exitCode } = await lynq(world, 'plan -f web.yaml', { 'web.yaml': form });

    expect(out).toBe(
      [
        '+ lynqform.operator.lynq.sh/web created',
        'LynqForm lynq-system/web: LynqNodes: 2 to be made',
        '+ 2 nodes: ConfigMap (config) created',
        '    in acme-web, beta-web',
        '',
      ].join('\n'),
    );
    expect(exitCode).toBe(1);
    expect(wrote(world)).toEqual([]);
  });

  it('says as data what it says as text', async () => {
    const { out } = await lynq(open(), 'plan -f web.yaml -o json', { 'web.yaml': form });

    const { objects, plans } = JSON.parse(out) as { objects: object[]; plans: { forms: { nodes: object[] }[] }[] };
    expect(objects).toEqual([{ kind: 'LynqForm', namespace: 'lynq-system', name: 'web', outcome: 'created' }]);
    expect(plans[0]?.forms[0]?.nodes).toHaveLength(2);
  });

  it('shows what a sync would do, and ends with 0 when it would do nothing', async () => {
    const world = open();
    expect(await lynq(world, 'plan shop', {})).toMatchObject({
      exitCode: 0,
      out: 'LynqHub lynq-system/shop: 2 rows, 2 active\nnothing would change\n',
    });
    await lynq(world, 'apply -f web.yaml', { 'web.yaml': form });
    world.setRows([...rows, ['Bad_Id', '1', '', '']]);

    const { out, exitCode } = await lynq(world, 'plan shop', {});

    expect(out).toContain('+ 2 LynqNodes of 2 rows to be made: acme, beta\n! row Bad_Id is frozen: InvalidUid');
    expect(exitCode).toBe(1);
  });

  it('shows what a sync would do to objects, of the LynqNodes that it makes or changes', async () => {
    const world = open();
    await lynq(world, 'apply -f web.yaml', { 'web.yaml': form });
    const objects = [
      'LynqForm lynq-system/web: LynqNodes: 2 to be made',
      '+ 2 nodes: ConfigMap (config) created',
      '    in acme-web, beta-web',
      '',
    ].join('\n');
    const nodes = 'LynqHub lynq-system/shop: 2 rows, 2 active\n+ 2 LynqNodes of 2 rows to be made: acme, beta\n';

    expect(await lynq(world, 'plan shop', {})).toMatchObject({ exitCode: 1, out: `${nodes}${objects}` });
    const { out } = await lynq(world, 'plan shop -o json', {});
    const data = JSON.parse(out) as { births: object[]; forms: { form: string; nodes: object[] }[] };
    expect(data.births).toHaveLength(2);
    expect(data.forms.map((each) => [each.form, each.nodes.length])).toEqual([['web', 2]]);

    const tried = world.cluster.calls.length;
    expect(await lynq(world, 'plan shop --nodes-only', {})).toMatchObject({ exitCode: 1, out: nodes });
    const writes = world.cluster.calls.slice(tried).filter(({ verb }) => verb !== 'get' && verb !== 'list');
    expect(writes.filter(({ ref }) => ref.kind === 'ConfigMap')).toEqual([]);
  });

  it('plans nothing when -n contradicts the file, as apply does', async () => {
    const world = open();
    const file = form.replace('namespace: lynq-system', 'namespace: other');

    const { out, err, exitCode } = await lynq(world, 'plan -n mine -f web.yaml', { 'web.yaml': file });

    expect({ out, exitCode }).toEqual({ out: '', exitCode: 2 });
    expect(err).toContain('Error: lynqform.operator.lynq.sh/web names namespace other, but -n names mine');
    expect(world.cluster.calls.filter(({ verb }) => verb === 'apply')).toEqual([]);
  });

  it('says what to keep instead of the plan of a sync', async () => {
    const { err } = await lynq(open(), 'plan shop --out x', {});

    expect(err).toContain('what edited files would do can be kept: lynq plan -f FILE --out x');
  });

  it.each([
    ['plan', 'nothing to plan'],
    ['plan shop -f web.yaml', 'two different plans'],
    ['plan shop --out x', 'a sync is not applied from a file'],
    ['plan -f web.yaml --nodes-only', '--nodes-only is about the sync of a HUB'],
    ['plan -f - --out x', 'standard input cannot be kept'],
    ['plan nowhere', 'there is no LynqHub lynq-system/nowhere'],
    ['plan -f broken.yaml', 'nothing was planned'],
  ])('%s ends with 2', async (line, words) => {
    const { err, exitCode } = await lynq(open(), line, {
      'web.yaml': form,
      'broken.yaml': form.replace('.plan', '.pln'),
    });
    expect(err).toContain(words);
    expect(exitCode).toBe(2);
  });
});
