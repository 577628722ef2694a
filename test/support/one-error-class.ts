/**
 * Jest gives tests globals of their own, but the errors of Node's modules are made with the real
 * ones: without this, `instanceof Error` is false for every error of the file system or the
 * network, and the product would run other branches than it does outside of Jest.
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
