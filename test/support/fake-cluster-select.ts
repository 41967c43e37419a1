import { textAt, textMapAt, type JsonObject } from '../../domain/api/json.ts';
import type { ListOptions } from '../../domain/ports.ts';

/** Whether a list or watch with these options contains the object. */
export function isSelected(object: JsonObject, options: ListOptions): boolean {
  if (options.namespace !== undefined && textAt(object, 'metadata', 'namespace') !== options.namespace) return false;
  return matchesLabels(object, options.labelSelector ?? '') && matchesFields(object, options.fieldSelector ?? '');
}

function matchesLabels(object: JsonObject, selector: string): boolean {
  const labels = textMapAt(object, 'metadata', 'labels');
  const requirements = selector.match(/[^,(]+(?:\([^)]*\))?/g) ?? [];
  return requirements.every((requirement) => matchesRequirement(labels, requirement.trim()));
}

function matchesRequirement(labels: Readonly<Record<string, string>>, requirement: string): boolean {
  const among = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(requirement);
  if (among !== null) {
    const value = labels[among[1] ?? ''];
    const values = (among[3] ?? '').split(',').map((text) => text.trim());
    return (value !== undefined && values.includes(value)) === (among[2] === 'in');
  }
  const equals = /^([^=!]+)(==|=|!=)(.*)$/.exec(requirement);
  if (equals !== null) return (labels[equals[1] ?? ''] === equals[3]) === (equals[2] !== '!=');
  if (requirement.startsWith('!')) return !Object.hasOwn(labels, requirement.slice(1));
  return Object.hasOwn(labels, requirement);
}

function matchesFields(object: JsonObject, selector: string): boolean {
  return selector
    .split(',')
    .filter((requirement) => requirement !== '')
    .every((requirement) => {
      const [path = '', value] = requirement.split(/==?/, 2);
      return (textAt(object, ...path.split('.')) ?? '') === value;
    });
}
