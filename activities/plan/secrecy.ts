import { type JsonObject, textAt } from '../../domain/api/json.ts';
import {
  allDerived,
  bothDerived,
  type Derived,
  derivedOf,
  type Hidden,
  maskedValue,
  nothingDerived,
} from '../../domain/change-plan/masking.ts';
import type { DesiredChild } from '../../domain/child.ts';
import { annotations } from '../../domain/keys.ts';
import type { SecretValues } from '../../domain/secret-values.ts';
import type { Deps } from '../deps.ts';
import { renderWith } from '../node/gather.ts';
import type { RenderedForm } from '../node/render.ts';
import { keptSecretValues } from '../secret-values.ts';
import type { NodeWork } from './node-outlook.ts';

/** What must not be shown of a node's objects: secrets as they are to be and as they were, and whatever a template has made of them. */
export interface Secrecy {
  hiddenOf(child: DesiredChild): Promise<Hidden>;
}

/** Nothing is read or rendered before the first object asks: most have no field to show. */
export function openSecrecy(deps: Deps, work: NodeWork): Secrecy {
  let opened: ReturnType<typeof lookForSecrets> | undefined;
  return {
    async hiddenOf({ id, body }) {
      const { secrets, standIns, before } = await (opened ??= lookForSecrets(deps, work));
      const standIn = standIns?.objects.get(id);
      const ahead = standIn === undefined ? allDerived : derivedOf(body, standIn);
      return {
        secrets,
        derived: bothDerived(standIns === undefined ? nothingDerived : ahead, before(id, body)),
      };
    },
  };
}

/** The node's objects with stand-ins in place of its secrets; undefined where it has none. */
export async function renderStandIns(
  deps: Deps,
  { read, revision, found, secrets }: NodeWork,
): Promise<RenderedForm | undefined> {
  if (secrets.size === 0) return undefined;
  return renderWith(deps, read, { revision, found, secrets: standInsOf(secrets.keys()) });
}

function standInsOf(names: Iterable<string>): SecretValues {
  return new Map([...names].map((name) => [name, maskedValue]));
}

async function lookForSecrets(deps: Deps, work: NodeWork) {
  const { metadata, spec } = work.read.node;
  const isBorn = spec.formRevision !== undefined;
  // A hub without secretValueMappings asks for no right to Secrets that nobody made.
  const mayHave = work.secrets.size > 0 || metadata.annotations?.[annotations.secretValues] !== undefined;
  const present: SecretValues = isBorn && mayHave ? await keptSecretValues(deps, work.read.identity) : new Map();
  return {
    secrets: [...work.secrets.values(), ...present.values()],
    standIns: await renderStandIns(deps, work),
    before: isBorn ? await derivedBefore(deps, work, present) : () => nothingDerived,
  };
}

type DerivedBefore = (id: string, body: JsonObject) => Derived;

/** What the objects hold now follows from the revision and the values the node has until now. */
async function derivedBefore(deps: Deps, work: NodeWork, present: SecretValues): Promise<DerivedBefore> {
  const { read, secrets } = work;
  const names = [...new Set([...secrets.keys(), ...present.keys()])];
  if (names.length === 0) return () => nothingDerived;
  const { formRevision = '' } = read.node.spec;
  const revision = await deps.forms.read(read.identity.namespace, formRevision);
  if (revision === undefined) return () => (present.size === 0 ? nothingDerived : allDerived);
  const found = read.node.metadata.annotations ?? {};
  const values = new Map(names.map((name) => [name, present.get(name) ?? '']));
  const real = await renderWith(deps, read, { revision, found, secrets: values });
  const standIns = await renderWith(deps, read, { revision, found, secrets: standInsOf(names) });
  const ids = revision.entries.map(({ resource }) => resource.id);
  return (id, body) =>
    ids
      .filter((each) => each === id || isSame(real.objects.get(each), body))
      .map((each) => {
        const [object, standIn] = [real.objects.get(each), standIns.objects.get(each)];
        return object === undefined || standIn === undefined ? allDerived : derivedOf(object, standIn);
      })
      .reduce(bothDerived, nothingDerived);
}

/** An entry whose id has changed keeps its object. */
function isSame(object: JsonObject | undefined, body: JsonObject): boolean {
  const names = [['apiVersion'], ['kind'], ['metadata', 'name']];
  return object !== undefined && names.every((path) => textAt(object, ...path) === textAt(body, ...path));
}
