import { test } from 'vitest';

/** What is still to be built, by name. A test that waits for one turns red as soon as it is there: then its mark goes. */
export const capabilities = {
  metrics: 'metrics of parity 7.1',
  conflictEnds: 'a conflict that is looked at again when the other object goes',
  strictConditions: 'custom resources with conditions but without a Ready one are not ready (parity 5.5)',
  forceTakesObjects: 'conflictPolicy Force over an object nobody has on record',
} as const;

export type Capability = keyof typeof capabilities;

/**
 * A behaviour that waits for a capability. `given` has to succeed, so that the test cannot be content with a broken start;
 * `expected` has to fail for now.
 */
export function failsUntil<T>(
  capability: Capability,
  name: string,
  given: () => Promise<T>,
  expected: (given: T) => Promise<unknown>,
): void {
  test.concurrent(`${name} [fails until there is: ${capabilities[capability]}]`, async () => {
    const world = await given();
    const outcome = await expected(world).then(
      () => 'holds',
      () => 'fails',
    );
    if (outcome === 'holds') throw new Error(`this holds now: take its mark "${capability}" away`);
  });
}
