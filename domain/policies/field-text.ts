/** What stands for an element of a set in a path of server-side apply: `[="text"]`, `[=5]`. */
const setElement = /\[=(?:"(?:[^"\\]|\\.)*"|[^\]"]*)\]/g;

/**
 * A path of server-side apply for people: `.spec.ports[port=80].name`. Keys of lists are part of it, as names of objects are; an element of a set is
 * named by nothing but its value, and values are told nobody (decisions.md section 6).
 */
export function fieldText(path: string): string {
  return path.replace(setElement, '[=…]');
}
