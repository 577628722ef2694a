import { GraphQLError, Lexer, parse, Source, TokenKind, type DocumentNode } from 'graphql';
import { MAX_NESTING, MAX_TOKENS } from './limits.js';

const OPENING = new Set<string>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING = new Set<string>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * Parses the text of a GraphQL document. Counts its tokens and its nesting first, one token at a
 * time, because the parser recurses. Throws a GraphQLError with the code GRAPHQL_PARSE_FAILED, and
 * with the limit if one is exceeded.
 */
export function parseDocument(text: string): DocumentNode {
  try {
    assertTextLimits(text);
    return parse(text, { maxTokens: MAX_TOKENS });
  } catch (error) {
    if (error instanceof GraphQLError) throw parseFailed(error.message, error.extensions);
    // The document exhausted the stack in spite of the limit: a fault of the client, not a bug.
    if (error instanceof RangeError)
      throw parseFailed('The document is nested too deeply.', { limit: MAX_NESTING });
    throw error;
  }
}

function assertTextLimits(text: string): void {
  const lexer = new Lexer(new Source(text));
  let depth = 0;
  for (let tokens = 0; lexer.advance().kind !== TokenKind.EOF;) {
    tokens += 1;
    if (tokens > MAX_TOKENS)
      throw tooMany(`The document exceeds the limit of ${MAX_TOKENS} tokens.`, MAX_TOKENS);
    if (OPENING.has(lexer.token.kind)) depth += 1;
    else if (CLOSING.has(lexer.token.kind)) depth -= 1;
    if (depth > MAX_NESTING)
      throw tooMany(
        `The document exceeds the limit of ${MAX_NESTING} nested brackets.`,
        MAX_NESTING,
      );
  }
}

function tooMany(message: string, limit: number): GraphQLError {
  return new GraphQLError(message, { extensions: { limit } });
}

function parseFailed(message: string, { limit }: Readonly<Record<string, unknown>>): GraphQLError {
  return new GraphQLError(message, {
    extensions: {
      code: 'GRAPHQL_PARSE_FAILED',
      ...(limit !== undefined && { limit }),
      http: { status: 400 },
    },
  });
}
