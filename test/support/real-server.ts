/**
 * Runs the tests of a real server whose address is in `variable`. Without the variable they are
 * skipped, or fail in CI.
 */
export function describeWith(variable: string, body: (address: string) => void): void {
  const address = process.env[variable];
  if (address) return body(address);
  if (process.env['CI'] === 'true') {
    it(`${variable} is set`, () => {
      throw new Error(`${variable} is not set: in CI nothing may be left out.`);
    });
    return;
  }
  describe.skip(`left out: ${variable} is not set`, () => {
    it('is left out', () => undefined);
  });
}
