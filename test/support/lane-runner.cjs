const { default: TestRunner } = require('jest-runner');

/**
 * End-to-end tests each start the whole product; side by side on two cores they would time each
 * other out.
 */
module.exports = class SerialRunner extends TestRunner {
  isSerial = true;
};
