import { API_ERROR_STATUS, PROCESSING_ERROR_RETRYABLE } from '../../src/errors.js';
import { errorHelp, errorHelpCodes } from '../../web/src/api/error-help.js';
import { NO_RESPONSE } from '../../web/src/api/problem.js';
import { rowErrorHelp } from '../../web/src/documents/document-row.js';

const SERVER_CODES = [...Object.keys(API_ERROR_STATUS), ...Object.keys(PROCESSING_ERROR_RETRYABLE)];

describe('the error help', () => {
  it('names every code of the server, and besides them only the page’s own', () => {
    expect(errorHelpCodes().sort()).toEqual([...SERVER_CODES, NO_RESPONSE.code].sort());
  });

  it.each(SERVER_CODES)('gives %s a title and an action', (code) => {
    const { title, action } = errorHelp(code);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(action).toMatch(/^[A-Z].*\.$/);
  });
});

describe('the help for a document’s error', () => {
  it('names the cause behind an exhausted document', () => {
    const error = {
      code: 'ATTEMPTS_EXHAUSTED',
      cause: 'WORKER_LOST',
      message: '',
      retryable: false,
    };
    expect(rowErrorHelp(error, true).title).toBe(
      'All attempts failed: the worker stopped before it finished',
    );
  });

  it('promises no retry of a document in a terminal status', () => {
    const error = { code: 'INTERNAL', cause: null, message: '', retryable: true };
    expect(rowErrorHelp(error, false).action).toContain('automatically');
    expect(rowErrorHelp(error, true).action).toBe('Upload the file again.');
  });
});
