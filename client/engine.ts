import type { ScaleReply, ScaleRequest } from '../workflows/messages.ts';

/** What the CLI says to Temporal, in the words of the domain. Expected answers are values. */
export interface Engine {
  /** Asks a node's run for a pass now. */
  resyncNode(namespace: string, node: string): Promise<SentResult>;
  /** Starts a sync of a hub: at once, or right after the one that is running. */
  syncHub(namespace: string, hub: string): Promise<SentResult>;
  /** Overrides template variables of a node; resolves when the run has recorded it, or refused. */
  scale(namespace: string, node: string, request: ScaleRequest): Promise<ScaleResult>;
  /** Where the engine is, for messages. */
  readonly address: string;
  close(): Promise<void>;
}

export type SentResult =
  | { readonly kind: 'sent' }
  /** There is no such schedule or running workflow. */
  | { readonly kind: 'absent' };

export type ScaleResult =
  | { readonly kind: 'accepted'; readonly reply: ScaleReply }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'absent' }
  /** Temporal has the request, but nobody worked on it in time; it may still be acted on. */
  | { readonly kind: 'noAnswer' };
