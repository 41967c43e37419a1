import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { readJson, writeWhole } from './files.ts';

/** Random credentials of one stack, made at its first start and kept in its data folder with mode 0600. */
export const StackSecrets = z.strictObject({
  mysqlPassword: z.string().min(20),
  adminToken: z.string().min(20),
  controllerManagerToken: z.string().min(20),
  schedulerToken: z.string().min(20),
  kwokToken: z.string().min(20),
  serviceAccountKey: z.string().includes('PRIVATE KEY'),
});
export type StackSecrets = z.infer<typeof StackSecrets>;

/** Reads the credentials of a data folder, or makes and writes them. */
export function loadOrMakeSecrets(file: string): StackSecrets {
  const kept = readJson(file, StackSecrets);
  if (kept !== undefined) return kept;
  const made = makeSecrets();
  writeWhole(file, `${JSON.stringify(made, null, 2)}\n`);
  return made;
}

function makeSecrets(): StackSecrets {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const word = (): string => randomBytes(24).toString('hex');
  return {
    mysqlPassword: word(),
    adminToken: word(),
    controllerManagerToken: word(),
    schedulerToken: word(),
    kwokToken: word(),
    serviceAccountKey: privateKey,
  };
}
