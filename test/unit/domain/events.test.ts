import { describe, expect, it } from 'vitest';
import { childEvents, countedForNode, hubEvents, nodeChangeEvents, removalEvents } from '../../../domain/events.ts';

const node = { name: 'acme-web', form: 'web', uid: 'acme' };
const change = {
  form: 'web',
  hub: 'customers',
  uid: 'acme',
  before: '1',
  generation: '2',
  lists: ['services', 'deployments', 'daemonSets', 'deployments', 'namespaces', 'horizontalPodAutoscalers'],
} as const;
const gone = { id: 'db', kind: 'Secret', name: 'acme-db' };

describe('domain/events', () => {
  it.each([
    [hubEvents.databaseQueryFailed('no route'), 'Warning DatabaseQueryFailed: Failed to query database: no route'],
    [
      hubEvents.nodeDeleting(node),
      "Normal NodeDeleting: Deleting LynqNode 'acme-web' (template: web, uid: acme) - no longer in active dataset. This could be due to: row deletion, activate=false, or template change.",
    ],
    [
      hubEvents.nodeDeleted(node),
      "Normal NodeDeleted: Successfully deleted LynqNode 'acme-web' (template: web, uid: acme)",
    ],
    [
      hubEvents.nodeDeletionFailed('acme-web', 'why'),
      "Warning NodeDeletionFailed: Failed to delete LynqNode 'acme-web': why",
    ],
    [
      hubEvents.templateRenderFailed('acme', 'why'),
      'Warning TemplateRenderFailed: Failed to render template for node acme: why',
    ],
    [hubEvents.cleanupFailed('why'), 'Warning CleanupFailed: Failed to cleanup retain resources: why'],
    [
      hubEvents.retainResourceProcessFailed('acme-web', 'why'),
      'Warning RetainResourceProcessFailed: Failed to process retain resources for node acme-web: why',
    ],
    [hubEvents.deletionHeld('12 rows would go'), 'Warning DeletionHeld: 12 rows would go'],
    [
      nodeChangeEvents.templateApplied(change),
      "Normal TemplateApplied: Applying LynqForm 'web' changes (generation: 1 -> 2). Total 4 resources will be reconciled: [2 Deployment(s) 1 Service(s) 1 HorizontalPodAutoscaler(s)]. Hub: customers, UID: acme",
    ],
    [
      nodeChangeEvents.dataUpdated(change),
      "Normal DataUpdated: LynqNode data updated from registry 'customers'. Total 4 resources may be affected. Template: web (generation: 2)",
    ],
    [
      removalEvents.retained(gone),
      'Normal ResourceRetained: Resource Secret/acme-db retained with orphan labels (ownerReferences removed)',
    ],
    [
      removalEvents.orphanRetained(gone),
      'Normal OrphanedResourceRetained: Retained orphaned resource Secret/acme-db (ID: db) - removed from template, marked with orphan labels',
    ],
    [
      removalEvents.orphanDeleted(gone),
      'Normal OrphanedResourceDeleted: Deleted orphaned resource Secret/acme-db (ID: db) - removed from template',
    ],
    [
      removalEvents.retainPreserved(gone),
      'Normal RetainResourcePreserved: Removed ownerReference from resource db (policy=Retain)',
    ],
    [
      removalEvents.cleanupPartialFailure('why'),
      'Warning CleanupPartialFailure: Some resources could not be cleaned up: why. Kubernetes garbage collector will handle remaining resources with ownerReferences.',
    ],
    [
      removalEvents.nodeDeleted('acme-web'),
      'Normal LynqNodeDeleted: LynqNode acme-web deleted successfully. Resources will be cleaned up by Kubernetes garbage collector.',
    ],
    [
      childEvents.markersAdded('LynqNodeDeleted'),
      'Normal OrphanMarkersAdded: Resource retained with orphan markers (reason: LynqNodeDeleted)',
    ],
    [
      childEvents.markersRemoved(),
      'Normal OrphanMarkersRemoved: Resource re-adopted into management - orphan markers removed',
    ],
  ])('says in the words of the Go operator: $reason', ({ type, reason, message }, text) => {
    expect(`${type} ${reason}: ${message}`).toBe(text);
  });

  it('names what goes with a Namespace, a few by name and the rest by number, and what could not be looked for', () => {
    const said = (foreign: readonly string[], unseen: readonly string[]) => {
      const { type, reason, message } = removalEvents.namespaceTakes('acme', { foreign, unseen });
      return `${type} ${reason}: ${message}`;
    };
    expect(said(['Secret/b', 'ConfigMap/a'], [])).toBe(
      'Warning NamespaceTakesAlong: Namespace acme is deleted with what else is in it: [ConfigMap/a Secret/b]',
    );
    expect(said(['Secret/b'], ['Widget', 'Gadget'])).toBe(
      'Warning NamespaceTakesAlong: Namespace acme is deleted with what else is in it: [Secret/b]; not looked for, since they may not be listed: [Gadget Widget]',
    );
    const many = Array.from({ length: 30 }, (_, index) => `Secret/s${String(index).padStart(2, '0')}`);
    expect(said(many, [])).toMatch(/: \[Secret\/s00 (Secret\/s\d\d ){8}Secret\/s09\] and 20 more$/);
    const long = Array.from({ length: 30 }, (_, index) => `Secret/${'x'.repeat(250)}${index}`);
    expect(said(long, long).length).toBeLessThan(1024);
  });

  it('counts in the list of a pass what the Go operator counts there', () => {
    expect(countedForNode(change.lists)).toBe('2 Deployment(s), 1 Service(s)');
    expect(countedForNode(['namespaces'])).toBe('no resources');
  });
});
