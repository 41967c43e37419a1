import type { Metafile } from 'esbuild';

/** What is bundled, and where the files beside a source are found afterwards. */
export interface CliSources {
  readonly entry: string;
  readonly extension: string;
  readonly placeOf: (path: string) => string;
  readonly small: boolean;
}

export function ofPackage(dist: string): CliSources;
export function bundledCli(): Promise<string>;
export function bundleCli(folder: string, sources?: CliSources): Promise<Metafile>;
