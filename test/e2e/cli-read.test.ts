import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { bin, cellsOf, type CliWorld, openCliWorld, printed } from '../support/e2e/cli-world.ts';
import { childPath, type KubeObject } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { run } from '../support/e2e/programs.ts';

/** What `lynq` shows of a live fleet, next to what kubectl shows where it can be asked the same. */
describe('e2e/cli-read', () => {
  const stack = inject('stack');
  let world: CliWorld;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lynqflow-cli-'));
    world = await openCliWorld(stack, 'cli-read', ['acme', 'beta']);
  }, 240_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  describe('get', () => {
    /** Counts are brought up to date a moment after the nodes: the two may look before and after that. */
    const alike = (noun: string, plural: string, ...more: readonly string[]) =>
      eventually(`${noun} are alike`, async () => {
        const [ours, kubectls] = [
          cellsOf(await world.said('get', noun, ...more)),
          cellsOf(await world.kubectlSaid('get', plural, ...more)),
        ];
        return isDeepStrictEqual(ours, kubectls) ? there(ours) : notYet({ ours, kubectls });
      });

    test.each([
      ['forms', 'lynqforms'],
      ['hubs', 'lynqhubs'],
    ])('%s has the columns that kubectl has', async (noun, plural) => {
      await alike(noun, plural);
    });

    test('nodes has the columns of the story: how many of its objects a node has ready', async () => {
      expect(cellsOf(await world.said('get', 'nodes'))).toEqual([
        ['NAME', 'READY', 'RESOURCES', 'SKIPPED'],
        ['acme-shop', 'True', '4/4', '0'],
        ['beta-shop', 'True', '4/4', '0'],
      ]);
    });

    test('-A puts the namespace first, as kubectl does', async () => {
      const shown = await alike('forms', 'lynqforms', '-A');
      expect(shown.map(([namespace, name]) => `${namespace}/${name}`)).toContain(`${world.namespace}/shop`);
      const nodes = cellsOf(await world.said('get', 'nodes', '-A'));
      expect(nodes.map(([namespace, name]) => `${namespace}/${name}`)).toContain(`${world.namespace}/acme-shop`);
    });

    test('-o wide says whose a node is and what is wrong with it', async () => {
      const [header, first] = cellsOf(await world.said('get', 'nodes', '-o', 'wide'));
      expect(header).toEqual(expect.arrayContaining(['UID', 'FORM', 'HUB', 'FAILED', 'CONDITIONS']));
      expect(first).toEqual(expect.arrayContaining(['acme-shop', 'True', '4/4', 'acme', 'shop', 'things']));
    });

    test('-o json and -o yaml give the objects that kubectl gives', async () => {
      const text = await world.kubectlSaid('get', 'lynqnodes', '-o', 'json');
      const { items } = JSON.parse(text) as { items: readonly KubeObject[] };
      expect(items).toHaveLength(2);
      expect(JSON.parse(await world.said('get', 'nodes', '-o', 'json'))).toMatchObject({ items });
      expect(parse(await world.said('get', 'nodes', '-o', 'yaml'))).toMatchObject({ items });
      const one = JSON.parse(await world.kubectlSaid('get', 'lynqnode', 'acme-shop', '-o', 'json')) as KubeObject;
      expect(JSON.parse(await world.said('get', 'node', 'acme-shop', '-o', 'json'))).toEqual(one);
    });

    test.each([
      [['-o', 'name']],
      [['-o', 'jsonpath={.items[*].metadata.name}']],
      [['-o', String.raw`jsonpath={range .items[*]}{.metadata.name}{"\t"}{.status.readyResources}{"\n"}{end}`]],
      [['-l', 'lynq.sh/uid=beta', '-o', 'name']],
      [['acme-shop', '-o', 'name']],
    ])('prints for %j what kubectl prints', async (flags) => {
      const text = await world.said('get', 'nodes', ...flags);
      expect(text).toBe(await world.kubectlSaid('get', 'lynqnodes', ...flags));
      expect(text).not.toBe('');
    });

    test('-w prints a new node and its way to Ready, and what is at rest once, until Ctrl-C', async () => {
      const watching = world.following('get', 'nodes', '-w');
      await printed(watching, /beta-shop +True/);
      await world.addRow('gamma');
      await printed(watching, /gamma-shop +True +4\/4/);
      const starting = (word: string): number =>
        watching
          .output()
          .split('\n')
          .filter((line) => line.startsWith(word)).length;
      expect([starting('NAME'), starting('acme-shop')]).toEqual([1, 1]);
      expect(await watching.interrupt()).toBe(130);
    });

    test.each([
      ['the table', [], /^(\S+) +(\S+-shop) /gm],
      ['-o json', ['-o', 'json'], /"name": "(\S+-shop)",\s+"namespace": "(\S+)"/g],
    ])('-w -A follows every namespace, with %s', async (_, flags, named) => {
      const uid = flags.length === 0 ? 'delta' : 'epsilon';
      const watching = world.following('get', 'nodes', '-w', '-A', ...flags);
      await printed(watching, 'acme-shop');
      await world.addRow(uid);
      await printed(watching, `${uid}-shop`);
      const shown = [...watching.output().matchAll(named)].map((found) => found.slice(1).toSorted());
      expect(shown).toContainEqual([world.namespace, `${uid}-shop`].toSorted());
      expect(await watching.interrupt()).toBe(130);
    });

    test('a name that is not there ends with 1 and says where to look; what is there is printed', async () => {
      const ended = await world.lynq(['get', 'nodes', 'acme-shop', 'nobody-shop']);
      expect(ended).toMatchObject({ code: 1 });
      expect(ended.stdout).toContain('acme-shop');
      const why = `lynqnodes.operator.lynq.sh "nobody-shop" not found in namespace "${world.namespace}"`;
      expect(ended.stderr).toContain(why);
    });
  });

  describe('describe', () => {
    test('a node: its row, conditions, entries, record, and the events of the API server', async () => {
      const node = await world.said('describe', 'node', 'acme-shop');
      expect(node).toMatch(/^Row: +acme$/m);
      expect(node).toMatch(/^ {2}Ready +True +Reconciled/m);
      expect(node).toMatch(/^ {2}web +Deployment +acme-web +Ready/m);
      const { uid } = (await world.cluster.get(childPath('ConfigMap', world.namespace, 'acme-note'))).metadata;
      const record = `^ {2}note +ConfigMap +${world.namespace} +acme-note +Retain +${uid}$`;
      expect(node).toMatch(new RegExp(record, 'm'));
      expect(node).toMatch(/^ {2}Normal +TemplateAppliedSuccess /m);
    });

    test('a hub: its source without the password, and its variables', async () => {
      const { database } = world;
      const hub = await world.said('describe', 'hub', 'things');
      expect(hub).toContain(`mysql ${database.reader}@${database.host}:${database.port}, ${database.name}.things`);
      expect(hub).toMatch(/^ {2}size +size$/m);
      expect(hub).not.toContain(database.password);
    });

    test('a form: its entries and whether it is valid', async () => {
      const form = await world.said('describe', 'form', 'shop');
      expect(form).toMatch(/^ {2}web-svc +/m);
      expect(form).toMatch(/^ {2}Valid +True/m);
    });
  });

  test('tree hangs objects on nodes, nodes on forms, forms on the hub', async () => {
    const lines = (await world.said('tree', 'acme')).trimEnd().split('\n').slice(1);
    const names = lines.map((line) => / *[│├└─ ]*\S+/.exec(line)?.[0] ?? '');
    expect(names.slice(0, 3)).toEqual(['hub/things', '└─ form/shop', '   └─ node/acme-shop']);
    const objects = names.slice(3).map((name) => name.replace(/^[ │├└─]+/, ''));
    const expected = ['ConfigMap/acme-note', 'ConfigMap/acme-settings', 'Deployment/acme-web', 'Service/acme-web'];
    expect(new Set(objects)).toEqual(new Set(expected));
    expect(lines.slice(3).every((line) => / Ready +\S+/.test(line))).toBe(true);
    expect(await world.lynq(['tree', 'nobody'])).toMatchObject({ code: 1, stdout: '' });
  });

  describe('completion', () => {
    const offered = async (...words: readonly string[]): Promise<readonly string[]> => {
      const args = [bin('lynq'), '__complete', '--', '-n', world.namespace, ...words];
      const { stdout } = await run(process.execPath, args, world.env);
      const lines = stdout.split('\n').filter((line) => line !== '' && !/^:\d+$/.test(line));
      return lines.map((line) => line.split('\t')[0] ?? '');
    };

    test.each([
      [['get', 'nodes', 'acme-'], ['acme-shop']],
      [['status', ''], ['things']],
      [['tree', 'ac'], ['acme']],
      [['scale', 'acme', ''], ['shop']],
      [
        ['explain', 'acme-shop', 'web'],
        ['web', 'web-svc'],
      ],
      [['get', 'nodes', '-n', 'e2e-cli-rea'], ['e2e-cli-read']],
    ])('offers for %j the live names that fit there', async (words, names) => {
      expect(await offered(...words)).toEqual(names);
    });

    test('bash gets them from the script it was given', async () => {
      symlinkSync(bin('lynq'), join(folder, 'lynq'));
      const line = `lynq -n ${world.namespace} explain acme-`;
      const words = line.split(' ').map((word) => `'${word}'`);
      const script = `source <(lynq completion bash)
        COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=4
        _lynq
        printf '%s\\n' "\${COMPREPLY[@]}"`;
      const ended = await run('bash', ['-c', script], { ...world.env, PATH: `${folder}:${process.env['PATH']}` });
      expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: 'acme-shop\n' });
    });

    test('kubectl finds the plugin, runs it, and asks it for what could follow', async () => {
      for (const name of ['kubectl-lynq', 'kubectl_complete-lynq']) symlinkSync(bin(name), join(folder, name));
      const path = `${folder}:${dirname(process.execPath)}:${process.env['PATH']}`;
      const plugged = { ...world.env, PATH: path };
      const get = ['get', 'nodes', '-n', world.namespace, '-o', 'name'];
      const ran = await run(stack.kubectl, ['lynq', ...get], plugged);
      expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: await world.said(...get) });
      const words = ['__complete', 'lynq', '-n', world.namespace, 'explain', 'acme-'];
      expect((await run(stack.kubectl, words, plugged)).stdout.split('\n')[0]).toBe('acme-shop');
    });
  });

  test('--context takes cluster, account and namespace of that context, which is not the current one', async () => {
    const { clusters, users, contexts } = parse(readFileSync(stack.kubeconfig, 'utf8')) as {
      readonly clusters: readonly object[];
      readonly users: readonly object[];
      readonly contexts: readonly [{ readonly context: object }];
    };
    const file = join(folder, 'two-contexts');
    const nowhere = { name: 'nowhere', cluster: { server: 'https://127.0.0.1:1' } };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'nowhere',
      clusters: [nowhere, ...clusters],
      users: [{ name: 'nobody', user: { token: 'none' } }, ...users],
      contexts: [
        { name: 'nowhere', context: { cluster: 'nowhere', user: 'nobody', namespace: 'elsewhere' } },
        { name: 'shop', context: { ...contexts[0].context, namespace: world.namespace } },
      ],
    };
    writeFileSync(file, JSON.stringify(config));
    const env = { ...world.env, KUBECONFIG: file };
    const lynq = (...args: readonly string[]) => run(process.execPath, [bin('lynq'), ...args], env);
    const named = await lynq('get', 'nodes', '-o', 'name', '--context', 'shop');
    expect(named, named.stderr).toMatchObject({ code: 0, stdout: await world.said('get', 'nodes', '-o', 'name') });
    const steered = await lynq('history', 'acme-shop', '--context', 'shop');
    expect(steered, steered.stderr).toMatchObject({ code: 0 });
    expect(await lynq('get', 'nodes', '--timeout', '2s')).toMatchObject({ code: 3, stdout: '' });
    const unknown = await lynq('get', 'nodes', '--context', 'shops');
    expect(unknown).toMatchObject({ code: 3, stdout: '' });
    expect(unknown.stderr).toContain('shops');
  });

  describe('exit codes', () => {
    test.each([
      ['something that is not there', 1, ['describe', 'node', 'nobody']],
      ['a hub that is not there', 1, ['status', 'nothing']],
      ['a word that is no command', 2, ['gett', 'nodes']],
      ['a flag that is none', 2, ['get', 'nodes', '--everything']],
      ['a selector beside a name', 2, ['get', 'nodes', 'acme-shop', '-l', 'a=b']],
      ['a Temporal that does not answer', 3, ['history', 'acme-shop', '--address', '127.0.0.1:1', '--timeout', '2s']],
    ])('%s ends with %i, says why, and standard output stays empty', async (_, code, args) => {
      const ended = await world.lynq(args);
      expect(ended).toMatchObject({ code, stdout: '' });
      expect(ended.stderr).toMatch(/^Error: /m);
    });

    test('a cluster that does not answer ends with 3', async () => {
      const server = `{"apiVersion":"v1","kind":"Config","current-context":"a","clusters":[{"name":"a","cluster":{"server":"https://127.0.0.1:1"}}],
        "users":[{"name":"a","user":{"token":"none"}}],"contexts":[{"name":"a","context":{"cluster":"a","user":"a"}}]}`;
      const script = `"$0" "$1" get nodes --timeout 2s --kubeconfig <(echo "$2")`;
      const ended = await run('bash', ['-c', script, process.execPath, bin('lynq'), server], world.env);
      expect(ended).toMatchObject({ code: 3, stdout: '' });
      expect(ended.stderr).toMatch(/^Error: /m);
    });
  });
});
