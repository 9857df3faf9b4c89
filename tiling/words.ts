/** A file, folder or object in a text, by the path or URL under which it was met. */
export interface FileName {
  readonly file: string;
}

/** A text, in parts where it names files: whoever shows it says what they are called. */
export type Words = string | readonly (string | FileName)[];

/** What a file is called by whoever sees a text. */
export type NameOfFile = (path: string) => string;

/** A text with the files and texts in it: ``said`like ${{ file }}, see ${sentenceOf(error.detail)}` ``. */
export function said(texts: TemplateStringsArray, ...between: readonly (Words | FileName | number)[]): Words {
  return joined(texts.flatMap((text, index) => [text, ...(index < between.length ? [between[index]!] : [])]));
}

/** Texts one after the other. */
export function joined(texts: readonly (Words | FileName | number)[], separator = ''): Words {
  const parts: (string | FileName)[] = [];
  const add = (part: string | FileName) => {
    const last = parts.at(-1);
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part;
    else if (part !== '') parts.push(part);
  };
  for (const [index, text] of texts.entries()) {
    if (index > 0) add(separator);
    if (typeof text === 'number') add(String(text));
    else if (typeof text === 'string' || 'file' in text) add(text);
    else for (const part of text) add(part);
  }
  if (parts.length === 0) return '';
  return parts.length === 1 && typeof parts[0] === 'string' ? parts[0] : parts;
}

/** A text as it is read, files as they were met or as `nameOf` says. */
export function textOf(words: Words, nameOf: NameOfFile = (path) => path): string {
  if (typeof words === 'string') return asOneLine(words);
  return asOneLine(words.map((part) => (typeof part === 'string' ? part : nameOf(part.file))).join(''));
}

/** A text as somebody calls the files in it. */
export function inNames(words: Words, nameOf: NameOfFile): Words {
  if (typeof words === 'string') return words;
  return words.map((part) => (typeof part === 'string' ? part : { file: nameOf(part.file) }));
}

/** What others print, for a sentence of ours: their line breaks are blanks. */
export function asOneLine(text: string): string {
  return text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' ');
}
