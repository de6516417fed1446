/**
 * For the top of a test file, or of a `describe`. Gives back a function that is told how to end what a test has opened: it is ended after
 * that test, the last thing first.
 */
export function endAfterEach(): (end: () => Promise<unknown>) => void {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return (end) => {
    ends.push(end);
  };
}
