import type { Command } from '../command.ts';
import { deleteForm } from './form-delete.ts';
import { getForms } from './form-get.ts';
import { render } from './form-render.ts';
import { deleteHub } from './hub-delete.ts';
import { getHubs } from './hub-get.ts';
import { apply } from './manifest-apply.ts';
import { lint } from './manifest-lint.ts';
import { describeNode } from './node-describe.ts';
import { getNodes } from './node-get.ts';
import { resync } from './node-resync.ts';
import { scale } from './node-scale.ts';

/** Every command, in the order of the help. A new one is a file beside this and a line here. */
export const commands: readonly Command[] = [
  getHubs,
  getForms,
  getNodes,
  describeNode,
  apply,
  lint,
  render,
  resync,
  scale,
  deleteHub,
  deleteForm,
];

/** Summaries of the first words that several commands share. */
export const commandGroups: Readonly<Record<string, string>> = {
  get: 'List hubs, forms or nodes',
  describe: 'Show one object in full',
  delete: 'Delete a hub or a form',
};
