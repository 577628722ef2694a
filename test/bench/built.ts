/**
 * Imports a module of the build, which is what the product runs. The path is a variable, because
 * the type check of a checkout without a build would not find the module.
 */
export async function built<Module>(path: string): Promise<Module> {
  return (await import(`../../dist/src/${path}.js`)) as Module;
}
