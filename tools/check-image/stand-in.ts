import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Images } from './buildah.ts';

/** Whom programs trust beside the authorities they know, where the machine says so. */
const trusted = 'NODE_EXTRA_CA_CERTS';

export interface StandIn {
  readonly images: Images;
  readonly scratch: string;
  /** Of the image whose place it takes. */
  readonly name: string;
}

/** The smallest Debian that apt of this machine gives, with Node and npm of this machine, under the name of an image that has both. */
export function standIn({ images, scratch, name }: StandIn): void {
  const release = /bookworm|trixie|bullseye/.exec(name)?.[0] ?? 'stable';
  const archive = join(scratch, 'debian.tar');
  const made = spawnSync('mmdebstrap', ['--variant=minbase', '--include=ca-certificates', release, archive], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`mmdebstrap ended with ${made.status}\n${made.stderr}`);
  const container = images.run('from', 'scratch');
  const node = realpathSync(process.execPath);
  const npm = join(dirname(node), '../lib/node_modules/npm');
  images.run('add', '--quiet', container, archive, '/');
  images.run('add', '--quiet', container, node, '/usr/local/bin/node');
  images.run('add', '--quiet', container, npm, '/usr/local/lib/node_modules/npm');
  const link = 'ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm';
  images.run('run', container, '--', 'sh', '-c', link);
  const authorities = process.env[trusted];
  if (authorities !== undefined && existsSync(authorities)) {
    images.run('add', '--quiet', container, authorities, '/etc/ssl/extra.crt');
    images.run('config', '--env', `${trusted}=/etc/ssl/extra.crt`, container);
  }
  images.run('config', '--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container);
  images.run('commit', '--quiet', '--rm', container, name);
}
