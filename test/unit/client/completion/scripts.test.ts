import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scripts } from '../../../../client/completion/scripts.ts';

/** A `lynq` that answers with the words it was asked about. */
const stub = `#!/bin/sh
case "$*" in
  "__complete -- get nodes -o "*) printf 'wide\\nyaml\\n:4\\n' ;;
  "__complete -- get nodes --output="*) printf 'wide\\nyaml\\n:4\\n' ;;
  "__complete -- lint -f "*) printf ':0\\n' ;;
  *) printf 'nodes\\tList LynqNodes\\n:4\\n' ;;
esac
`;

describe('client/completion/scripts', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lynq-completion-'));
    writeFileSync(join(folder, 'lynq'), stub);
    chmodSync(join(folder, 'lynq'), 0o755);
    writeFileSync(join(folder, 'form.yaml'), '');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function replyOfBash(line: string, words: readonly string[]): Promise<readonly string[]> {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const script = [
      scripts.bash,
      `COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}`,
      '_lynq 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"',
    ].join('\n');
    const env = { PATH: `${folder}:${process.env['PATH']}` };
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], { cwd: folder, env });
    return stdout.split('\n').filter((text) => text !== '');
  }

  it.each([
    ['lynq get ', ['lynq', 'get', ''], ['nodes']],
    ['lynq get nodes -o ', ['lynq', 'get', 'nodes', '-o', ''], ['wide', 'yaml']],
    // bash splits at `=`.
    ['lynq get nodes --output=', ['lynq', 'get', 'nodes', '--output', '='], ['wide', 'yaml']],
    ['lynq lint -f fo', ['lynq', 'lint', '-f', 'fo'], ['form.yaml']],
  ])('makes bash offer what lynq says: %s', async (line, words, reply) => {
    expect(await replyOfBash(line, words)).toEqual(reply);
  });

  const hasFish = spawnSync('fish', ['--version']).status === 0;

  it.skipIf(!hasFish).each([
    ['lynq get ', ['nodes\tList LynqNodes']],
    ['lynq get nodes -o ', ['wide', 'yaml']],
    ['lynq get nodes --output=', ['--output=wide', '--output=yaml']],
    ['lynq lint -f fo', ['form.yaml']],
  ])('makes fish offer what lynq says: %s', async (line, reply) => {
    const env = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder };
    const script = `${scripts.fish}\ncomplete -C '${line}'`;
    const { stdout } = await promisify(execFile)('fish', ['--no-config', '-c', script], { cwd: folder, env });

    expect(stdout.split('\n').filter((text) => text !== '')).toEqual(reply);
  });

  it.each(Object.entries(scripts))('asks for the unfinished word in %s', (_shell, script) => {
    expect(script).toContain('__complete --');
  });
});
