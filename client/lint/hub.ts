import { LynqHubSpec } from '../../domain/api/hub.ts';
import { HubName } from '../../domain/api/names.ts';
import { mappingProblem } from '../../domain/secret-values.ts';
import { offsetOf } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { problemAt, type Problem } from '../manifest/source.ts';
import { lintName } from './name.ts';
import { checkShape } from './shape.ts';
import { alwaysDeclared } from './variables.ts';

/** What is wrong with one LynqHub (parity 8). */
export function lintHub(manifest: Manifest): readonly Problem[] {
  const { source, root } = manifest;
  const shape = checkShape({ source, root, path: ['spec'] }, LynqHubSpec);
  const problems = [...lintName(manifest, HubName), ...shape.problems];
  if (!shape.ok) return problems;
  const { value } = shape;
  return [
    ...problems,
    ...lintSource(manifest, value),
    ...lintVariables(manifest, value),
    ...lintSecrets(manifest, value),
  ];
}

function lintSecrets({ source, root }: Manifest, spec: LynqHubSpec): readonly Problem[] {
  const problem = mappingProblem(spec);
  if (problem === undefined) return [];
  return [problemAt(source, offsetOf(root, ['spec', 'secretValueMappings']), { message: `the hub has ${problem}` })];
}

function lintSource({ source, root }: Manifest, spec: LynqHubSpec): readonly Problem[] {
  const problems: Problem[] = [];
  const { type } = spec.source;
  const block = spec.source[type];
  if (block === undefined) {
    problems.push(
      problemAt(source, offsetOf(root, ['spec', 'source']), {
        message: `${type} configuration is required when source type is ${type}`,
        fix: `add spec.source.${type} with host, username, database and table`,
      }),
    );
  }
  const required = {
    'spec.valueMappings.uid': spec.valueMappings.uid,
    'spec.valueMappings.activate': spec.valueMappings.activate,
    [`spec.source.${type}.host`]: block?.host,
    [`spec.source.${type}.username`]: block?.username,
    [`spec.source.${type}.database`]: block?.database,
    [`spec.source.${type}.table`]: block?.table,
  };
  for (const [path, value] of Object.entries(required)) {
    if (value === '')
      problems.push(problemAt(source, offsetOf(root, path.split('.')), { message: `${path} is required` }));
  }
  return problems;
}

function lintVariables({ source, root }: Manifest, spec: LynqHubSpec): readonly Problem[] {
  const problems: Problem[] = [];
  if (spec.valueMappings.hostOrUrl !== undefined) {
    problems.push(
      problemAt(source, offsetOf(root, ['spec', 'valueMappings', 'hostOrUrl']), {
        severity: 'warning',
        message: 'valueMappings.hostOrUrl is deprecated',
        fix: 'use extraValueMappings with the template function toHost',
      }),
    );
  }
  for (const name of Object.keys(spec.extraValueMappings ?? {})) {
    if (!alwaysDeclared.has(name)) continue;
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
