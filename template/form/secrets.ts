/** Fields whose text is shown in many places: they do without the secrets of the row. */
const publicPath = /^(?:apiVersion|kind|metadata|nameTemplate|targetNamespace|labelsTemplate|annotationsTemplate)\b/;

export function isPublicPath(path: string): boolean {
  return publicPath.test(path);
}

/** What is said of a secret variable there, before any row as when one is rendered. */
export function secretRefusal(name: string): string {
  return `the variable ${name} is secret and cannot be used in metadata, which is shown in many places`;
}
