/**
 * Like `Promise.all`, but when one fails it still waits for the others before it rejects, with the first failure:
 * what is cleaned up after that must not be made again by one that was still at work.
 */
export async function together<T extends readonly unknown[]>(
  promises: readonly [...{ [Index in keyof T]: Promise<T[Index]> }],
): Promise<T>;
export async function together<T>(promises: readonly Promise<T>[]): Promise<T[]>;
export async function together<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
