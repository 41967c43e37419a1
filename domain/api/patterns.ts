/** Text forms of Kubernetes names (RFC 1123), apart from the zod schemas so that code without zod can use them. */

export const dns1123Label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
export const dns1123Subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export const labelLength = 63;
export const subdomainLength = 253;

/** Whether a text can be a namespace: 1 to 63 of a-z, 0-9 and -, no - at either end. */
export function isDnsLabel(text: string): boolean {
  return text.length <= labelLength && dns1123Label.test(text);
}

/**
 * Whether a text can be the uid of a row: exactly what Kubernetes takes both as the value of a label and as the beginning of a LynqNode's name,
 * which is 1 to 63 of a-z, 0-9, - and ., each part between dots with a letter or digit at both ends.
 */
export function isRowUid(text: string): boolean {
  return text.length <= labelLength && dns1123Subdomain.test(text);
}

const qualifiedName = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Whether a text can be the key of a label or annotation: `name` or `prefix/name`. */
export function isQualifiedKey(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash < 0) return qualifiedName.test(key);
  const prefix = key.slice(0, slash);
  return qualifiedName.test(key.slice(slash + 1)) && prefix.length <= subdomainLength && dns1123Subdomain.test(prefix);
}

/** Whether a text can be the value of a label. */
export function isLabelValue(text: string): boolean {
  return text === '' || qualifiedName.test(text);
}
