import { LynqFormSpec } from '../../domain/api/form.ts';
import { resourceLists } from '../../domain/api/resource.ts';
import { findPath, type Located, pathText, type PathStep } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { problemAt, type Problem } from '../manifest/source.ts';

/**
 * Templates are rendered in the entries of a form only; elsewhere an action that was written without quotes would reach the server as text. It is
 * mostly meant for another program, such as Helm.
 */

/** Of an object that is neither a hub nor a form. */
export function lintForeign(manifest: Manifest): readonly Problem[] {
  return unquoted(manifest.root).map((located) =>
    stray(manifest, located, `templates are rendered in a LynqForm only, not in a ${manifest.kind}`),
  );
}

/** Of a hub; templates in quotes are mostly a mistake there, too. */
export function lintInHub(manifest: Manifest): readonly Problem[] {
  const message = 'templates are rendered in the entries of a LynqForm only, not in a LynqHub';
  const spec = findPath(manifest.root, ['spec']);
  return [
    ...unquoted(manifest.root).map((located) => stray(manifest, located, message)),
    ...(spec.depth === 0 ? [] : quoted(spec.located, ['spec'])).map(({ path, located }) =>
      problemAt(manifest.source, located.start, {
        severity: 'warning',
        message: `${pathText(path)} is not a template and stays as it is written`,
        fix: 'write a fixed text',
      }),
    ),
  ];
}

/** Of all of a form but its entries; `hubId` has a rule of its own, and an unknown field may be a mistyped list. */
export function lintAroundEntries(manifest: Manifest): readonly Problem[] {
  const { entries } = manifest.root;
  const fields = [...(entries?.get('spec')?.entries ?? [])].filter(([key]) => fixedFields.has(key));
  const around = [...(entries ?? [])].filter(([key]) => key !== 'spec');
  const message = 'templates are rendered in the entries of a LynqForm only';
  return [...around, ...fields]
    .flatMap(([, part]) => unquoted(part))
    .map((located) => stray(manifest, located, message));
}

const rendered: readonly string[] = [...resourceLists, 'hubId'];
const fixedFields = new Set(Object.keys(LynqFormSpec.shape).filter((key) => !rendered.includes(key)));

function stray({ source }: Manifest, located: Located, message: string): Problem {
  const fix = 'write the value itself, or put it in quotes if this text is meant';
  return problemAt(source, located.start, { message, fix });
}

function unquoted(located: Located): readonly Located[] {
  const inside = membersOf(located).flatMap(([, member]) => unquoted(member));
  return located.unquotedTemplate === true ? [located, ...inside] : inside;
}

interface Placed {
  readonly path: readonly PathStep[];
  readonly located: Located;
}

function quoted(located: Located, path: readonly PathStep[]): readonly Placed[] {
  const { value } = located;
  const isMeant = typeof value === 'string' && value.includes('{{') && located.unquotedTemplate !== true;
  const inside = membersOf(located).flatMap(([key, member]) => quoted(member, [...path, key]));
  return isMeant ? [{ path, located }, ...inside] : inside;
}

function membersOf({ entries, items }: Located): readonly (readonly [PathStep, Located])[] {
  return [...(entries ?? []), ...(items?.entries() ?? [])];
}

/** What is wrong with a value makes it needless to say that it is no template: one problem at each place. */
export function besides(strays: readonly Problem[], others: readonly Problem[]): readonly Problem[] {
  const places = new Set(others.map(({ line, column }) => `${line}:${column}`));
  return [...others, ...strays.filter(({ line, column }) => !places.has(`${line}:${column}`))];
}
