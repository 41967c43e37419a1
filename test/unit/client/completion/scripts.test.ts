import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  "__complete -- scale acme api --set "*) printf 'apiReplicas=\\tcolumn api_replicas\\n:6\\n' ;;
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
    ['lynq scale acme api --set a', ['lynq', 'scale', 'acme', 'api', '--set', 'a'], ['apiReplicas=']],
  ])('makes bash offer what lynq says: %s', async (line, words, reply) => {
    expect(await replyOfBash(line, words)).toEqual(reply);
  });

  const hasFish = spawnSync('fish', ['--version']).status === 0;

  it.skipIf(!hasFish).each([
    ['lynq get ', ['nodes\tList LynqNodes']],
    ['lynq get nodes -o ', ['wide', 'yaml']],
    ['lynq get nodes --output=', ['--output=wide', '--output=yaml']],
    ['lynq lint -f fo', ['form.yaml']],
    ['lynq scale acme api --set a', ['apiReplicas=\tcolumn api_replicas']],
  ])('makes fish offer what lynq says: %s', async (line, reply) => {
    const env = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder };
    const script = `${scripts.fish}\ncomplete -C '${line}'`;
    const { stdout } = await promisify(execFile)('fish', ['--no-config', '-c', script], { cwd: folder, env });

    expect(stdout.split('\n').filter((text) => text !== '')).toEqual(reply);
  });

  const hasZsh = spawnSync('zsh', ['--version']).status === 0;

  /**
   * What zsh's own completion offers at a terminal, and the line after it. Matches are taken where every completion hands them to the shell; calls that
   * only try words out (-O, -A, -D) are left alone.
   */
  const seenByZsh = `
compadd() {
  if [[ " \${(j: :)@[1,(i)(-|--)]} " == *" -"[A-Za-z]#(O|A|D)" "* ]]; then builtin compadd "$@"; return; fi
  local -a offered
  builtin compadd -A offered "$@"
  print -rl -- $offered >> offered
  builtin compadd "$@"
}
complete-and-end() { zle complete-word; print -r -- "$BUFFER" >> offered; exit }
zle -N complete-and-end
bindkey '^I' complete-and-end
`;
  /** Loads the script as its first line says, presses Tab, and reads until the shell has ended. */
  const atATerminal = `
zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell 'PS1=; source ./lynq.zsh; source ./seen.zsh; print REA""DY'
while zpty -r shell part; do [[ $part == *READY* ]] && break; done
zpty -w -n shell "$1"$'\t'
while zpty -r shell part; do :; done
`;

  it.skipIf(!hasZsh).each([
    ['lynq get ', ['nodes', 'lynq get nodes ']],
    ['lynq get nodes -o ', ['wide', 'yaml', 'lynq get nodes -o ']],
    ['lynq get nodes --output=w', ['wide', 'lynq get nodes --output=wide ']],
    ['lynq lint -f fo', ['form.yaml', 'lynq lint -f form.yaml ']],
    ['lynq scale acme api --set a', ['apiReplicas=', 'lynq scale acme api --set apiReplicas=']],
  ])('makes zsh offer what lynq says: %s', async (line, seen) => {
    const files = { 'lynq.zsh': scripts.zsh, 'seen.zsh': seenByZsh, 'terminal.zsh': atATerminal };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    rmSync(join(folder, 'offered'), { force: true });
    const env = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, TERM: 'dumb' };
    await promisify(execFile)('zsh', ['-f', 'terminal.zsh', line], { cwd: folder, env, timeout: 25_000 });

    expect(readFileSync(join(folder, 'offered'), 'utf8').split('\n').slice(0, -1)).toEqual(seen);
  });

  it.each(Object.entries(scripts))('asks for the unfinished word in %s', (_shell, script) => {
    expect(script).toContain('__complete --');
  });
});
