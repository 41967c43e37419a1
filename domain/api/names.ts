import { z } from 'zod';
import { dns1123Label, dns1123Subdomain } from './patterns.ts';

/** Identifiers are branded, so that a uid cannot stand where a node name is meant. */

/** Text in the uid column of an active row. It becomes a label value and the beginning of a LynqNode's name: `isRowUid` in patterns.ts. */
export const Uid = z.string().min(1).max(63).regex(dns1123Subdomain).brand('Uid');
export type Uid = z.infer<typeof Uid>;

/** Name of a LynqForm. */
export const FormName = z.string().min(1).max(253).regex(dns1123Subdomain).brand('FormName');
export type FormName = z.infer<typeof FormName>;

/** Name of a LynqHub. */
export const HubName = z.string().min(1).max(253).regex(dns1123Subdomain).brand('HubName');
export type HubName = z.infer<typeof HubName>;

/** Name of a LynqNode: `{uid}-{form}` (parity 3.3). */
export const NodeName = z.string().min(1).max(253).regex(dns1123Subdomain).brand('NodeName');
export type NodeName = z.infer<typeof NodeName>;

/** Name of a Kubernetes namespace. */
export const Namespace = z.string().min(1).max(63).regex(dns1123Label).brand('Namespace');
export type Namespace = z.infer<typeof Namespace>;

/** `id` of one entry of a form, unique across the whole form. */
export const ResourceId = z.string().min(1).brand('ResourceId');
export type ResourceId = z.infer<typeof ResourceId>;
