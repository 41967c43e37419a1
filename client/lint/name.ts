import type { z } from 'zod';
import { offsetOf } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { problemAt, type Problem } from '../manifest/source.ts';

/** metadata.name against the schema of its kind. */
export function lintName({ source, root, name }: Manifest, schema: z.ZodType): readonly Problem[] {
  if (schema.safeParse(name).success) return [];
  return [
    problemAt(source, offsetOf(root, ['metadata', 'name']), {
      message: `metadata.name "${name}" is not a name Kubernetes takes`,
      fix: 'use lower-case letters, digits, - and .; begin and end with a letter or digit',
    }),
  ];
}
