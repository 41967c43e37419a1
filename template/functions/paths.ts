import { fn, type FunctionTable, type GoFunction } from './define.ts';

/** `path.Clean`: no empty or `.` elements, `..` taken back as far as it goes. */
function clean(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const element of path.split('/')) {
    if (element === '' || element === '.') continue;
    if (element !== '..') kept.push(element);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  const joined = kept.join('/');
  return rooted ? `/${joined}` : joined || '.';
}

/** `path.Base`: the last element, without slashes behind it. */
function base(path: string): string {
  if (path === '') return '.';
  let end = path.length;
  while (end > 0 && path.charAt(end - 1) === '/') end -= 1;
  if (end === 0) return '/';
  return path.slice(path.lastIndexOf('/', end - 1) + 1, end);
}

function directory(path: string): string {
  return clean(path.slice(0, path.lastIndexOf('/') + 1));
}

function extension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

function ofText(run: (path: string) => string | boolean): GoFunction {
  return fn(['string'], (_context, path) => run(path));
}

/** Go's `path`; `path/filepath` is the same on Unix, the system the peer runs on. */
export const paths = {
  base: ofText(base),
  dir: ofText(directory),
  clean: ofText(clean),
  ext: ofText(extension),
  isAbs: ofText((path) => path.startsWith('/')),
  osBase: ofText(base),
  osDir: ofText(directory),
  osClean: ofText(clean),
  osExt: ofText(extension),
  osIsAbs: ofText((path) => path.startsWith('/')),
} satisfies FunctionTable;
