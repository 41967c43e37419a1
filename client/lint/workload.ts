import { at, isJsonObject, type Json, type JsonObject, textAt } from '../../domain/api/json.ts';
import { isDnsLabel, isQualifiedKey } from '../../domain/api/patterns.ts';
import { findPath, type PathStep } from '../manifest/located.ts';
import { problemAt, type Problem, type ProblemText } from '../manifest/source.ts';
import { type EntryInFile, entryPath } from './entry.ts';
import { isNoLabelValue } from './literals.ts';
import { adviceFor } from './text-maps.ts';

/**
 * What the API server refuses of a kind with pods in every row: only what is there and written out. What is missing may come from a patch or a
 * webhook of the cluster, and what a template makes is known with the row.
 */

const inTemplate = ['spec', 'template'] as const;

/** Where the pods of a kind are described. */
const podPlaces: Readonly<Record<string, readonly string[]>> = {
  'v1 Pod': [],
  'apps/v1 Deployment': inTemplate,
  'apps/v1 StatefulSet': inTemplate,
  'apps/v1 DaemonSet': inTemplate,
  'apps/v1 ReplicaSet': inTemplate,
  'batch/v1 Job': inTemplate,
  'batch/v1 CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
};

type Found = ProblemText & { readonly path: readonly PathStep[] };

export function lintWorkload(entry: EntryInFile): readonly Problem[] {
  const { spec, id } = entry.resource;
  const place = podPlaces[`${textAt(spec, 'apiVersion')} ${textAt(spec, 'kind')}`];
  if (place === undefined || entry.placed.dropped.has('spec')) return [];
  const found = [...replicas(spec), ...labels(spec, place), ...selector(spec, place), ...containers(spec, place)];
  return found.map(({ path, message, fix }) => {
    const { located } = findPath(entry.manifest.root, [...entryPath(entry.placed), 'spec', ...path]);
    return problemAt(entry.manifest.source, located.start, { message: `${message} (resource '${id}')`, fix });
  });
}

const isTemplate = (value: Json | undefined): boolean => typeof value === 'string' && value.includes('{{');

function isWhole(value: Json, from: number, to: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to;
}

function replicas(spec: JsonObject): readonly Found[] {
  const value = at(spec, 'spec', 'replicas');
  if (value === undefined || value === null || isTemplate(value) || isWhole(value, 0, 2 ** 31 - 1)) return [];
  return [{ path: ['spec', 'replicas'], message: 'replicas is not a whole number of 0 or more' }];
}

function labels(spec: JsonObject, place: readonly string[]): readonly Found[] {
  // Those of a Pod itself are looked at with the metadata of every object.
  if (place.length === 0) return [];
  const path = [...place, 'metadata', 'labels'];
  const map = at(spec, ...path);
  return (isJsonObject(map) ? Object.entries(map) : []).flatMap(([key, value]): readonly Found[] => {
    const here = [...path, key];
    if (typeof value !== 'string') {
      const fix = value === undefined ? undefined : adviceFor(value, JSON.stringify(value));
      return value === null ? [] : [{ path: here, message: `label ${key} of the pods is no text`, fix }];
    }
    if (!isQualifiedKey(key)) return [{ path: here, message: `"${key}" is not a key a label of the pods can have` }];
    if (!isNoLabelValue(value)) return [];
    const fix = 'begin and end with a letter or digit, at most 63 letters, digits, - . _';
    return [{ path: here, message: `label ${key} of the pods has a value no label can have`, fix }];
  });
}

/** A selector that does not choose the pods which are made here. */
function selector(spec: JsonObject, place: readonly string[]): readonly Found[] {
  const [wanted, given] = [at(spec, 'spec', 'selector', 'matchLabels'), at(spec, ...place, 'metadata', 'labels')];
  if (place !== inTemplate || !isJsonObject(wanted) || !isJsonObject(given)) return [];
  return Object.entries(wanted).flatMap(([key, value]) => {
    const label = given[key];
    if (label === value || isTemplate(value) || isTemplate(label)) return [];
    const message = `the selector wants the label ${key} with a value that the pods do not have`;
    return [
      { path: ['spec', 'selector', 'matchLabels', key], message, fix: 'write the same into template.metadata.labels' },
    ];
  });
}

const lists = ['initContainers', 'containers'] as const;

function containers(spec: JsonObject, place: readonly string[]): readonly Found[] {
  const names = new Set<string>();
  return lists.flatMap((list): readonly Found[] => {
    const path = [...place, 'spec', list];
    const value = at(spec, ...path);
    if (value === undefined || value === null || isTemplate(value)) return [];
    if (!Array.isArray(value))
      return [{ path, message: `${list} is no list`, fix: 'begin each container with "- name:"' }];
    return (value as readonly Json[]).flatMap((item, index) => container(item, [...path, index], names));
  });
}

function container(item: Json, path: readonly PathStep[], names: Set<string>): readonly Found[] {
  if (!isJsonObject(item)) return [{ path, message: 'a container is no map', fix: 'write name and image into it' }];
  return [
    ...containerName(item['name'], path, names),
    ...members(item['env']).flatMap(([index, variable]) => environment(variable, [...path, 'env', index])),
    ...members(item['ports']).flatMap(([index, port]) => containerPort(port, [...path, 'ports', index])),
  ];
}

const members = (value: Json | undefined): readonly (readonly [number, Json])[] =>
  Array.isArray(value) ? [...(value as readonly Json[]).entries()] : [];

function containerName(name: Json | undefined, path: readonly PathStep[], names: Set<string>): readonly Found[] {
  if (name === undefined || name === null || name === '') return [{ path, message: 'a container has no name' }];
  const here = [...path, 'name'];
  if (typeof name !== 'string') return [{ path: here, message: 'the name of a container is no text' }];
  if (names.has(name)) return [{ path: here, message: `two containers have the name ${name}`, fix: 'rename one' }];
  names.add(name);
  if (isTemplate(name) || isDnsLabel(name)) return [];
  const fix = 'use lower-case letters, digits and -; at most 63';
  return [{ path: here, message: `"${name}" is not a name a container can have`, fix }];
}

function environment(variable: Json, path: readonly PathStep[]): readonly Found[] {
  if (!isJsonObject(variable)) return [{ path, message: 'a variable of env is no map', fix: 'write name and value' }];
  const { name, value } = variable;
  if (typeof name !== 'string' || name === '') return [{ path, message: 'a variable of env has no name' }];
  if (value === undefined || value === null || typeof value === 'string') return [];
  // It may be a password: the value is not shown.
  return [{ path: [...path, 'value'], message: `the value of ${name} in env is no text`, fix: 'write it in quotes' }];
}

function containerPort(port: Json, path: readonly PathStep[]): readonly Found[] {
  const number = at(port, 'containerPort');
  if (number === undefined || number === null || isTemplate(number) || isWhole(number, 1, 65_535)) return [];
  return [{ path: [...path, 'containerPort'], message: 'containerPort is not a number from 1 to 65535' }];
}
