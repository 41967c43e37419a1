import { describe, expect, it } from 'vitest';
import { createFakeCluster } from '../../support/fake-cluster.ts';
import { aNode, run } from './run.ts';

describe('client/program', () => {
  it.each(['acme', 'node/acme', 'lynqnode/acme', 'lynqnode.operator.lynq.sh/acme'])(
    'takes a name with its kind in front, as -o name prints it: %s',
    async (name) => {
      const cluster = createFakeCluster();
      cluster.seed(aNode('acme'));
      expect(await run(`get nodes ${name} -o name`, { cluster })).toMatchObject({
        out: 'lynqnode.operator.lynq.sh/acme\n',
        err: '',
        exitCode: 0,
      });
    },
  );

  it.each([
    ['describe node hub/a', '"hub/a" names a LynqHub; here the name of a LynqNode is wanted'],
    [
      'status lynqnode.operator.lynq.sh/a',
      '"lynqnode.operator.lynq.sh/a" names a LynqNode; here the name of a LynqHub is wanted',
    ],
    ['rollout status hub/a', '"hub/a" names a LynqHub; here the name of a LynqForm is wanted'],
    ['render --hub form/a --uid u', '"form/a" names a LynqForm; here the name of a LynqHub is wanted'],
    ['history pod/a', '"pod/a" is no name of a LynqNode'],
    ['history node/a/b', '"node/a/b" is no name of a LynqNode'],
    ['history node/', '"node/" is no name of a LynqNode'],
  ])('refuses the name of another kind: lynq %s', async (line, words) => {
    const { err, exitCode } = await run(line);
    expect(err).toContain(`Error: ${words}\n`);
    expect(exitCode).toBe(2);
  });

  it('shows help on stdout with every command', async () => {
    const { out, exitCode } = await run('--help');

    for (const word of ['get', 'describe', 'apply', 'lint', 'render', 'resync', 'scale', 'delete']) {
      expect(out).toMatch(new RegExp(`^  ${word} `, 'm'));
    }
    expect(exitCode).toBe(0);
  });

  it('prints the version', async () => {
    expect(await run('--version')).toMatchObject({ out: '1.2.3\n', exitCode: 0 });
  });

  it.each([
    ['gt nodes', "Error: unknown command 'gt'\n  Did you mean get?\n"],
    ['get nods', "Error: unknown command 'nods'\n  Did you mean one of node, nodes?\n"],
    ['get nodes --selctor a', "Error: unknown option '--selctor'\n  Did you mean --selector?\n"],
    ['get nodes -o xml', 'Error: -o xml is no output format\n  choose wide, json, yaml, name or jsonpath=TEMPLATE\n'],
    ['apply', 'Error: nothing to apply\n  name files with -f, or a plan with --plan\n'],
    [
      'scale a b --set x=1 --timeout soon',
      'Error: --timeout soon is not a duration\n  write it as 30s, 2m or 1m30s; at most 24h\n',
    ],
    ['lint -f a extra', "Error: too many arguments for 'lint'. Expected 0 arguments but got 1.\n"],
  ])('refuses %s on stderr with exit code 2', async (line, err) => {
    expect(await run(line)).toMatchObject({ out: '', err, exitCode: 2 });
  });

  it('hands the global options over wherever they stand', async () => {
    const { options } = await run(
      '--context kind --address t:7233 get nodes -n team --kubeconfig k --temporal-namespace tn --profile p --timeout 1m30s',
    );

    expect(options).toEqual([
      {
        namespace: 'team',
        context: 'kind',
        kubeconfig: 'k',
        address: 't:7233',
        temporalNamespace: 'tn',
        profile: 'p',
        temporalTls: {},
        timeoutMilliseconds: 90_000,
      },
    ]);
  });

  it('knows the TLS flags of temporal, each as the variable that says the same', async () => {
    const { options } = await run(
      'get nodes --tls-ca-path ca.pem --tls-cert-path c.pem --tls-key-path k.pem --tls-server-name t --tls-disable-host-verification',
    );

    expect(options[0]?.temporalTls).toEqual({
      TEMPORAL_TLS: 'true',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: 'ca.pem',
      TEMPORAL_TLS_CLIENT_CERT_PATH: 'c.pem',
      TEMPORAL_TLS_CLIENT_KEY_PATH: 'k.pem',
      TEMPORAL_TLS_SERVER_NAME: 't',
      TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true',
    });
  });

  it('shows the TLS flags in the help of the program only', async () => {
    expect((await run('--help')).out).toContain('--tls-cert-path <FILE>');
    expect((await run('get nodes --help')).out).not.toContain('--tls');
  });

  it('speaks of itself as kubectl lynq when it is the plugin', async () => {
    const { out } = await run('get nodes --help', { programName: 'kubectl lynq' });

    expect(out).toMatch(/^Usage: kubectl lynq get nodes\|node /);
    expect(out).toContain('\n  kubectl lynq get nodes -A -o wide\n');
  });

  it('tells an unexpected error with how to report it', async () => {
    const { err, exitCode } = await run('get nodes', { clusterError: new TypeError('boom') });

    expect(err).toBe('Error: boom\n  This is unexpected; run again with LYNQ_DEBUG=1 for the details of a report.\n');
    expect(exitCode).toBe(1);
  });
});
