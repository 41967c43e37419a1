import { judgeAdmission } from '../../activities/admission.ts';
import { openFormStore } from '../../activities/forms.ts';
import { readForms } from '../../activities/hub/read-forms.ts';
import { parseHub } from '../../activities/hub/read-hub.ts';
import { readManifests } from '../../client/manifest/reader.ts';
import { at, type JsonObject, textAt } from '../../domain/api/json.ts';
import { describeFormProblem } from '../../domain/form-events.ts';
import { apiVersion } from '../../domain/keys.ts';
import { createFakeCluster } from './fake-cluster.ts';

/** What the two judges in the worker say of a form that came past the CLI. */
export interface JudgedTwice {
  /** Why the webhook refuses the form; undefined when it takes it. */
  readonly webhook: string | undefined;
  /** The reasons of condition Valid; empty when it is True. */
  readonly condition: readonly string[];
}

const namespace = 'lynq-system';

/** The objects of a file that are of our kind, as the API server would get them; none of a file that cannot be read. */
export function objectsIn(text: string, kind: 'LynqForm' | 'LynqHub'): readonly JsonObject[] {
  const { manifests, problems } = readManifests('file.yaml', text);
  const ours = problems.length > 0 ? [] : manifests.filter((one) => one.apiVersion === apiVersion);
  return ours.filter((one) => one.kind === kind).map(({ object }) => placed(object));
}

function placed(object: JsonObject): JsonObject {
  const metadata = { ...(at(object, 'metadata') as JsonObject), namespace, uid: 'uid', resourceVersion: '1' };
  return { ...object, metadata };
}

/** Judges the first form of a file, with the others of it already there. The file may have its hub. */
export async function judgeTwice(formText: string, hubText: string): Promise<JudgedTwice> {
  const forms = objectsIn(formText, 'LynqForm');
  const [object] = forms;
  const hubs = [formText, hubText].flatMap((text) => objectsIn(text, 'LynqHub'));
  const hub = hubs.find((one) => textAt(one, 'metadata', 'name') === textAt(object, 'spec', 'hubId')) ?? hubs.at(-1);
  if (object === undefined || hub === undefined) throw new Error('no form or no hub');
  const cluster = createFakeCluster();
  for (const kind of ['LynqForm', 'LynqHub']) cluster.addKind({ apiVersion, kind });
  cluster.addKind({ apiVersion: 'apps/v1', kind: 'ControllerRevision' });
  for (const one of [hub, ...forms.slice(1)]) cluster.seed(one);
  const clock = { now: () => new Date('2026-11-22T12:00:00Z') };
  const request = { kind: 'LynqForm', namespace, object, old: undefined, fromApiServer: false } as const;
  const { problem } = await judgeAdmission({ cluster, clock, nodes: { ofHub: () => [] } }, request);

  cluster.seed(object);
  const read = parseHub(hub);
  const deps = { cluster, forms: openFormStore(cluster) };
  const judged = await readForms(deps, { namespace, hub: read.hub.metadata.name }, read);
  const problems = judged.find(({ name }) => name === at(object, 'metadata', 'name'))?.problems;
  // A form whose hub is not there is judged elsewhere (activities/hub/hubless-forms.ts).
  return { webhook: problem, condition: problems?.map(describeFormProblem) ?? ['no hub of this name'] };
}
