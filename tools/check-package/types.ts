import { checkPackage, createPackageFromTarballData, type ResolutionKind } from '@arethetypeswrong/core';
import { filterProblems } from '@arethetypeswrong/core/problems';

/** The package has modules alone: `require` of it and the resolution of before Node 12 are not for it. */
const ways: readonly ResolutionKind[] = ['node16-esm', 'bundler'];

/** What attw finds wrong with the types of a packed package, for every way to import it. @throws when it has no types. */
export async function typeProblems(tarball: Uint8Array): Promise<readonly string[]> {
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  if (analysis.types === false) throw new Error(`${analysis.packageName} has no types`);
  return ways.flatMap((resolutionKind) =>
    filterProblems(analysis, { resolutionKind }).map((problem) => `${resolutionKind}: ${JSON.stringify(problem)}`),
  );
}
