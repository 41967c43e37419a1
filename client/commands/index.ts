import type { Command } from '../command.ts';
import { deleteForm } from './form-delete.ts';
import { describeForm } from './form-describe.ts';
import { getForms } from './form-get.ts';
import { render } from './form-render.ts';
import { adoptHub } from './hub-adopt.ts';
import { deleteHub } from './hub-delete.ts';
import { describeHub } from './hub-describe.ts';
import { getHubs } from './hub-get.ts';
import { notify } from './hub-notify.ts';
import { releaseHub } from './hub-release.ts';
import { hubStatus } from './hub-status.ts';
import { apply } from './manifest-apply.ts';
import { approveDeletions } from './hub-approve.ts';
import { retained } from './hub-retained.ts';
import { uninstall } from './fleet-uninstall.ts';
import { plan } from './manifest-plan.ts';
import { pause } from './object-pause.ts';
import { resume } from './object-resume.ts';
import { lint } from './manifest-lint.ts';
import { describeNode } from './node-describe.ts';
import { explainNode } from './node-explain.ts';
import { getNodes } from './node-get.ts';
import { nodeHistory } from './node-history.ts';
import { resync } from './node-resync.ts';
import { scale } from './node-scale.ts';
import { watchNode } from './node-watch.ts';
import { rolloutAbort } from './rollout-abort.ts';
import { rolloutHistory } from './rollout-history.ts';
import { rolloutPause } from './rollout-pause.ts';
import { rolloutResume } from './rollout-resume.ts';
import { rolloutStatus } from './rollout-status.ts';
import { rolloutUndo } from './rollout-undo.ts';
import { rowTree } from './row-tree.ts';
import { codecServer } from './codec-serve.ts';
import { completion } from './shell-completion.ts';

/** Every command, in the order of the help. A new one is a file beside this and a line here. */
export const commands: readonly Command[] = [
  getHubs,
  getForms,
  getNodes,
  describeHub,
  describeForm,
  describeNode,
  hubStatus,
  rowTree,
  explainNode,
  nodeHistory,
  watchNode,
  apply,
  lint,
  plan,
  render,
  resync,
  notify,
  scale,
  pause,
  resume,
  rolloutStatus,
  rolloutHistory,
  rolloutPause,
  rolloutResume,
  rolloutAbort,
  rolloutUndo,
  releaseHub,
  adoptHub,
  deleteHub,
  deleteForm,
  approveDeletions,
  retained,
  uninstall,
  codecServer,
  completion,
];

/** Summaries of the first words that several commands share. */
export const commandGroups: Readonly<Record<string, string>> = {
  get: 'List hubs, forms or nodes',
  describe: 'Show one object in full',
  rollout: 'Follow and steer how an edit of a form reaches its nodes',
  delete: 'Delete a hub or a form',
};
