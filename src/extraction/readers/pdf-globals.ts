/**
 * pdf.js makes one DOMMatrix while it loads, for drawing, and looks for it in a native canvas
 * package. We only read text, and native code is closed to this process, so an empty one stands in.
 * To be imported before pdf.js.
 */
class UnusedMatrix {}

Object.assign(globalThis, { DOMMatrix: UnusedMatrix });
