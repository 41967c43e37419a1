import type { z } from 'zod';
import { LynqHubSpec } from '../../domain/api/hub.ts';
import { HubName } from '../../domain/api/names.ts';
import { emptyMappings } from '../../domain/hub-mappings.ts';
import { intervalProblem } from '../../domain/hub-timing.ts';
import { mappingProblem } from '../../domain/secret-values.ts';
import { sourceTlsProblem } from '../../domain/source-tls.ts';
import { rowVariableNames } from '../../domain/template-variables.ts';
import { findPath, offsetOf } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { problemAt, type Problem } from '../manifest/source.ts';
import { lintName } from './name.ts';
import { salvage } from './salvage.ts';
import { checkShape } from './shape.ts';

/** What is wrong with one LynqHub (parity 8). */
export function lintHub(manifest: Manifest): readonly Problem[] {
  const { source, root } = manifest;
  const shape = checkShape({ source, root, path: ['spec'] }, LynqHubSpec);
  const problems = [...lintName(manifest, HubName), ...shape.problems];
  // What does not fit the schema has been told; it hides nothing else.
  const spec = findPath(root, ['spec']);
  const { value } = salvage(HubParts, spec.located.value);
  if (spec.depth === 0 || value === undefined) return problems;
  return [
    ...problems,
    ...lintSource(manifest, value),
    ...lintAccess(manifest, value),
    ...lintVariables(manifest, value),
    ...lintMappings(manifest, value),
    ...lintSecrets(manifest, value),
  ];
}

const HubParts = LynqHubSpec.partial();
type HubParts = z.infer<typeof HubParts>;

function lintSecrets({ source, root }: Manifest, { valueMappings, ...spec }: HubParts): readonly Problem[] {
  const problem = valueMappings === undefined ? undefined : mappingProblem({ ...spec, valueMappings });
  if (problem === undefined) return [];
  return [problemAt(source, offsetOf(root, ['spec', 'secretValueMappings']), { message: `the hub has ${problem}` })];
}

function lintSource({ source, root }: Manifest, spec: HubParts): readonly Problem[] {
  const problems: Problem[] = [];
  const type = spec.source?.type;
  const block = type === undefined ? undefined : spec.source?.[type];
  if (type !== undefined && findPath(root, ['spec', 'source', type]).depth < 3) {
    problems.push(
      problemAt(source, offsetOf(root, ['spec', 'source']), {
        message: `${type} configuration is required when source type is ${type}`,
        fix: `add spec.source.${type} with host, username, database and table`,
      }),
    );
  }
  const needed = ['host', 'username', 'database', 'table'] as const;
  const required = {
    'spec.valueMappings.uid': spec.valueMappings?.uid,
    'spec.valueMappings.activate': spec.valueMappings?.activate,
    ...Object.fromEntries(needed.map((field) => [`spec.source.${type}.${field}`, block?.[field]])),
  };
  for (const [path, value] of Object.entries(required)) {
    if (value === '')
      problems.push(problemAt(source, offsetOf(root, path.split('.')), { message: `${path} is required` }));
  }
  return problems;
}

/** Mappings that name nothing, and variables that a template cannot name. */
function lintMappings({ source, root }: Manifest, spec: HubParts): readonly Problem[] {
  const empty = emptyMappings(spec).map(({ block, name, message }) =>
    problemAt(source, offsetOf(root, ['spec', block, name]), { message }),
  );
  const unwritable = (['extraValueMappings', 'secretValueMappings'] as const).flatMap((block) =>
    Object.entries(spec[block] ?? {}).flatMap(([name, column]): readonly Problem[] => {
      const offset = offsetOf(root, ['spec', block, name]);
      if (name === '' || column === '' || /^[\p{L}_][\p{L}\p{Nd}_]*$/u.test(name)) return [];
      const message = `templates cannot write .${name}: the name of a variable has letters, digits and _ only`;
      const fix = `choose another name, or write index . "${name}"`;
      return [problemAt(source, offset, { severity: 'warning', message, fix })];
    }),
  );
  return [...empty, ...unwritable];
}

/** What the worker would refuse, or do otherwise than is written. */
function lintAccess({ source, root }: Manifest, { source: from }: HubParts): readonly Problem[] {
  if (from === undefined) return [];
  const block = ['spec', 'source', from.type];
  const tls = sourceTlsProblem(from);
  const path = tls?.field === 'tls' ? [...block, 'tls'] : [...block, 'tls', tls?.field ?? ''];
  const interval = intervalProblem(from.syncInterval);
  return [
    ...(tls === undefined ? [] : [problemAt(source, offsetOf(root, path), { message: tls.message })]),
    ...(interval === undefined
      ? []
      : [problemAt(source, offsetOf(root, ['spec', 'source', 'syncInterval']), { message: interval })]),
  ];
}

function lintVariables({ source, root }: Manifest, spec: HubParts): readonly Problem[] {
  const problems: Problem[] = [];
  if (spec.valueMappings?.hostOrUrl !== undefined) {
    problems.push(
      problemAt(source, offsetOf(root, ['spec', 'valueMappings', 'hostOrUrl']), {
        severity: 'warning',
        message: 'valueMappings.hostOrUrl is deprecated',
        fix: 'use extraValueMappings with the template function toHost',
      }),
    );
  }
  for (const name of Object.keys(spec.extraValueMappings ?? {})) {
    if (!rowVariableNames.has(name)) continue;
    problems.push(
      problemAt(source, offsetOf(root, ['spec', 'extraValueMappings', name]), {
        severity: 'warning',
        message: `extraValueMappings.${name} has the name of a variable every row has`,
        fix: 'choose another name',
      }),
    );
  }
  return problems;
}
