import { isAlias, isMap, isScalar, Lexer, type Node, parseDocument, visit } from 'yaml';

/** Far more than people write; JSON, which machines write, knows no such limit. */
const MAX_YAML_CHARACTERS = 16 << 20;
/** Of one mapping: the parser compares each key with all others. */
const MAX_KEYS = 1000;
const MAX_DEPTH = 64;
/** Anchors and aliases together: each alias is looked for in the whole text. */
const MAX_ANCHORS = 100;
/** Stands before the text of a scalar among a lexer's tokens. */
const SCALAR = '\u001f';

/**
 * The value of a YAML or JSON text, in time that grows with its length: bounded are the text, the keys of a mapping, the
 * depth, and anchors with their aliases. Text that is JSON is read as such, without bounds but its own depth.
 * @throws Error with one line that says what is wrong and in which line
 */
export function parseYamlText(text: string): unknown {
  const bare = text.replace(/^\uFEFF/, '');
  if (/^\s*[[{]/.test(bare)) {
    try {
      return JSON.parse(bare);
    } catch {
      // YAML in flow style begins like JSON.
    }
  }
  checkTokens(bare);
  const document = parseDocument(bare, { uniqueKeys: false, logLevel: 'silent' });
  const [first] = document.errors;
  if (first !== undefined) throw new Error(firstLineOf(first.message));
  visit(document, { Map: (_key, map) => checkKeys(map, bare) });
  return document.toJS({ maxAliasCount: MAX_ANCHORS });
}

/** Counts what would make the parser slow before it is asked. */
function checkTokens(text: string): void {
  if (text.length > MAX_YAML_CHARACTERS) {
    throw new Error(
      `${text.length} characters are more than the ${MAX_YAML_CHARACTERS} that YAML may have: write JSON`,
    );
  }
  let anchors = 0;
  let flowDepth = 0;
  let line = 1;
  let before = '';
  let indents: number[] = [];
  for (const token of new Lexer().lex(text)) {
    const isText = before === SCALAR;
    if (!isText && (token[0] === '&' || token[0] === '*')) anchors++;
    if (!isText && (token === '[' || token === '{')) flowDepth++;
    if (!isText && (token === ']' || token === '}')) flowDepth--;
    if (/^ +$/.test(token) && /\n$/.test(before))
      indents = [...indents.filter((each) => each < token.length), token.length];
    if (anchors > MAX_ANCHORS) throw new Error(`more than ${MAX_ANCHORS} anchors and aliases at line ${line}`);
    if (flowDepth + indents.length > MAX_DEPTH) throw new Error(`nested deeper than ${MAX_DEPTH} at line ${line}`);
    for (let at = token.indexOf('\n'); at >= 0; at = token.indexOf('\n', at + 1)) line++;
    before = token;
  }
}

function checkKeys(map: Node, text: string): void {
  if (!isMap(map)) return;
  const lineOf = (node: unknown) => {
    const at = (node as Node | null)?.range?.[0] ?? map.range?.[0] ?? 0;
    return text.slice(0, at).split('\n').length;
  };
  if (map.items.length > MAX_KEYS) {
    throw new Error(`a mapping of ${map.items.length} keys, more than ${MAX_KEYS}, at line ${lineOf(map)}`);
  }
  const seen = new Set<unknown>();
  for (const { key } of map.items) {
    if (isAlias(key) || !isScalar(key)) throw new Error(`a key that is no plain word at line ${lineOf(key)}`);
    if (seen.has(key.value)) throw new Error(`the key '${key.value}' stands twice, again at line ${lineOf(key)}`);
    seen.add(key.value);
  }
}

function firstLineOf(message: string): string {
  return message.split('\n')[0]!.replace(/:$/, '');
}
