/**
 * Streaming XML. Memory does not grow with the size of a part, and custom entities, which may
 * expand without end, are not expanded.
 */
import { TextDecoder } from 'node:util';
import { Parser } from 'htmlparser2';
import { utf16Encoding } from '../text-encoding.js';
import { createMarkupBounds } from './bounds.js';
import type { TextFlow } from './text-flow.js';

export type Attributes = Readonly<Record<string, string>>;

/** Names come without their namespace prefix. */
export interface XmlHandler {
  open?(name: string, attributes: Attributes): void;
  close?(name: string): void;
  text?(text: string): void;
}

/** Reads a part to its end. */
export async function readXml(
  bytes: AsyncIterable<Uint8Array>,
  handler: XmlHandler,
): Promise<void> {
  const parser = createXmlParser(handler);
  for await (const chunk of bytes) parser.write(chunk);
  parser.end();
}

/** Reads a part, and yields the text that `handler` adds to `flow`. */
export async function* xmlText(
  bytes: AsyncIterable<Uint8Array>,
  handler: XmlHandler,
  flow: TextFlow,
): AsyncIterable<string> {
  const parser = createXmlParser(handler);
  for await (const chunk of bytes) {
    parser.write(chunk);
    yield flow.take();
  }
  parser.end();
  yield flow.finish();
}

/** Returns a handler that skips the named elements, with their contents. */
export function withoutElements(names: ReadonlySet<string>, handler: XmlHandler): XmlHandler {
  let depth = 0;
  return {
    open: (name, attributes) => {
      if (depth > 0 || names.has(name)) depth += 1;
      else handler.open?.(name, attributes);
    },
    close: (name) => {
      if (depth > 0) depth -= 1;
      else handler.close?.(name);
    },
    text: (text) => {
      if (depth === 0) handler.text?.(text);
    },
  };
}

/**
 * Returns the value of an attribute with any prefix or none. `:id` requires a prefix: `r:id` and
 * `id` are different attributes.
 */
export function attribute(attributes: Attributes, name: string): string | undefined {
  const suffix = name.startsWith(':') ? name : `:${name}`;
  const key = Object.keys(attributes).find(
    (candidate) => candidate === name || candidate.endsWith(suffix),
  );
  return key === undefined ? undefined : attributes[key];
}

interface XmlParser {
  write(bytes: Uint8Array): void;
  end(): void;
}

function createXmlParser(handler: XmlHandler): XmlParser {
  let decoder: TextDecoder | undefined;
  const { close, ...bounds } = createMarkupBounds();
  const parser = new Parser(
    {
      ...bounds,
      onopentag: (name, attributes) => handler.open?.(localName(name), attributes),
      onclosetag: (name) => {
        close();
        handler.close?.(localName(name));
      },
      ontext: (text) => handler.text?.(text),
    },
    { xmlMode: true },
  );
  return {
    write: (bytes) => {
      decoder ??= new TextDecoder(utf16Encoding(bytes) ?? 'utf-8');
      parser.write(decoder.decode(bytes, { stream: true }));
    },
    end: () => parser.end(),
  };
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
