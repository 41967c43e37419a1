/** Text forms of Kubernetes names (RFC 1123), apart from the zod schemas so that code without zod can use them. */

export const dns1123Label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
export const dns1123Subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export const labelLength = 63;
export const subdomainLength = 253;

/** Whether a text can be a label value, a namespace and the beginning of a name: 1 to 63 of a-z, 0-9 and -, no - at either end. */
export function isDnsLabel(text: string): boolean {
  return text.length <= labelLength && dns1123Label.test(text);
}
