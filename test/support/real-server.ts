/**
 * Tests on a real server take its address from the environment: without it they are left out,
 * except in CI, where nothing may be.
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
