import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Keyword attributes by which runs are found in the Temporal UI (decisions.md section 6). Registered at installation. */
export const searchAttributes = {
  hub: defineSearchAttributeKey('LynqHub', SearchAttributeType.KEYWORD),
  form: defineSearchAttributeKey('LynqForm', SearchAttributeType.KEYWORD),
  uid: defineSearchAttributeKey('LynqUid', SearchAttributeType.KEYWORD),
  node: defineSearchAttributeKey('LynqNode', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('LynqPhase', SearchAttributeType.KEYWORD),
} as const;
