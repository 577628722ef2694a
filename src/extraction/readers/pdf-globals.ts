/**
 * Defines an empty DOMMatrix; import this file before pdf.js. pdf.js creates a DOMMatrix for
 * drawing while it loads, and looks for the class in a native canvas package. This process only
 * reads text, and may not load native code.
 */
class UnusedMatrix {}

Object.assign(globalThis, { DOMMatrix: UnusedMatrix });
