/**
 * Makes `instanceof Error` true for the errors of Node's modules. Jest gives tests their own
 * globals, while Node's modules use the real ones: without this, the product takes other branches
 * than outside of Jest for every error of the file system or the network.
 */
import { types } from 'node:util';

const inherited = Function.prototype[Symbol.hasInstance] as (
  this: unknown,
  value: unknown,
) => boolean;

Object.defineProperty(Error, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, value: unknown): boolean {
    return inherited.call(this, value) || (this === Error && types.isNativeError(value));
  },
});
