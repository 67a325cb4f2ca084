/** @typedef {"comment" | "string" | "number" | "keyword" | "name" | "added" | "removed"} Kind */
/** @typedef {{ kind: Kind, start: number, end: number }} Token */

// Each part can match at a character in one way, or a flood of quotes would take a time that grows with its square.
// What is not closed goes on to the end of its line, or of the code.
const BLOCK = String.raw`\/\*[^*]*(?:\*(?!\/)[^*]*)*(?:\*\/)?`;
const SLASHES = String.raw`\/\/.*`;
const HASH = String.raw`(?<![^\s;({\[])#.*`;
const DASHES = "--.*";
const DOUBLE = String.raw`"(?:[^"\\\n]|\\[^])*"?`;
const SINGLE = String.raw`'(?:[^'\\\n]|\\[^])*'?`;
const BACKTICKS = String.raw`${"`"}(?:[^${"`"}\\]|\\[^])*${"`"}?`;
const RAW = String.raw`${"`"}[^${"`"}]*${"`"}?`;
const TRIPLE = String.raw`"""(?:[^"\\]|\\[^]|"(?!""))*(?:""")?|'''(?:[^'\\]|\\[^]|'(?!''))*(?:''')?`;
const LETTER = String.raw`'(?:[^'\\\n]|\\[^'\n]{1,10}|\\')'`; // and not the lifetime 'a
const NUMBER = String.raw`(?<![\w$])(?:0[xXbBoO][\da-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)\w*`;
const WORD = String.raw`(?<![\p{L}\p{N}_$])[\p{L}_][\p{L}\p{N}_$]*`;
const NOTHING = "(?!)";
const AT = String.raw`@[\w.]+`; // a decorator

const C_LIKE = `
  break case class const continue default do else enum extends false final for if import interface new null
  private protected public return static super switch this throw true try void while
`;

const JAVASCRIPT = {
  name: AT,
  comment: `${BLOCK}|${SLASHES}`,
  string: `${DOUBLE}|${SINGLE}|${BACKTICKS}`,
  words: `
    ${C_LIKE} abstract any as async await boolean catch constructor debugger declare delete export finally
    from function get implements in infer instanceof is keyof let namespace never number of readonly
    satisfies set string symbol type typeof undefined unknown var with yield
  `,
};

/** @typedef {{ words?: string, anyCase?: boolean } & Partial<Record<Kind, string>>} Language `words` are its keywords */

/** The usual ones, by the name that models give most often to a fence. @type {Record<string, Language>} */
const LANGUAGES = {
  python: {
    comment: "#.*",
    name: AT,
    string: `(?<![\\p{L}\\p{N}_])[rRbBuUfF]{0,2}(?:${TRIPLE}|${DOUBLE}|${SINGLE})|${TRIPLE}|${DOUBLE}|${SINGLE}`,
    words: `
      False None True and as assert async await break case class continue def del elif else except finally
      for from global if import in is lambda match nonlocal not or pass raise return self try while with
      yield
    `,
  },
  javascript: JAVASCRIPT,
  json: {
    comment: `${BLOCK}|${SLASHES}`,
    name: `"(?:[^"\\\\\\n]|\\\\[^])*"(?=[ \\t]*:)`,
    string: DOUBLE,
    words: "true false null",
  },
  sql: {
    comment: `${DASHES}|${BLOCK}`,
    string: `'(?:[^']|'')*'?`,
    words: `
      add all alter analyze and any array as asc begin between bigint bigserial boolean by cascade case cast
      check column commit conflict constraint create cross current date default delete desc distinct do drop
      else end except exists explain false first for foreign from full function group having if ilike in
      index inner insert int integer intersect interval into is join json jsonb key lateral left like limit
      listen materialized natural not nothing notify null numeric offset on only or order outer over
      partition primary references replace return returning returns right rollback row rows select serial
      set smallint table temporary text then timestamp timestamptz to transaction trigger true truncate
      union unique update using uuid vacuum values varchar view when where window with
    `,
    anyCase: true,
  },
  html: {
    comment: `<!--[^-]*(?:-(?!->)[^-]*)*(?:-->)?`,
    keyword: `<[\\/!?]?[a-zA-Z][\\w:.-]*|\\/?>`,
    string: `(?<==[ \\t]?)(?:"[^"<>]*"|'[^'<>]*')`,
    name: `(?<=\\s)[a-zA-Z@:_][\\w:.@-]*(?==)`,
    number: `&(?:#?\\w{1,30});`,
  },
  css: {
    comment: BLOCK,
    string: `${DOUBLE}|${SINGLE}`,
    keyword: `@[\\w-]+|![a-z]+`,
    name: `(?<![\\w-])-{0,2}[a-zA-Z][\\w-]*(?=[ \\t]*:(?![:a-z]))`,
    number: `#[\\da-fA-F]{3,8}\\b|(?<![\\w-])[+-]?\\d[\\d.]*(?:%|[a-z]{1,4}\\b)?`,
  },
  shell: {
    comment: HASH,
    string: `"(?:[^"\\\\]|\\\\[^])*"?|'[^'\\n]*'?`,
    name: `\\$(?:\\{[^}\\n]*\\}?|\\w+|[?!#@*$-])|(?<![^\\s=([])--?[a-zA-Z][\\w-]*`,
    words: `
      alias break case cd continue do done echo elif else esac eval exec exit export fi for function if in
      local return set shift source sudo then trap unset until while
    `,
  },
  go: {
    comment: `${BLOCK}|${SLASHES}`,
    string: `${DOUBLE}|${SINGLE}|${RAW}`,
    words: `
      any bool break byte case chan const continue default defer else error fallthrough false float64 for
      func go goto if import int int64 interface iota make map new nil package range return rune select
      string struct switch true type var
    `,
  },
  rust: {
    comment: `${BLOCK}|${SLASHES}`,
    string: `b?"(?:[^"\\\\]|\\\\[^])*"?|${LETTER}`,
    words: `
      as async await bool break const continue crate dyn else enum extern f32 f64 false fn for i32 i64 if
      impl in let loop match mod move mut pub ref return self Self static str struct super trait true type
      u8 u32 u64 unsafe use usize where while
    `,
  },
  java: {
    name: AT,
    comment: `${BLOCK}|${SLASHES}`,
    string: `${TRIPLE}|${DOUBLE}|${SINGLE}`,
    words: `
      ${C_LIKE} abstract as assert async await base boolean byte catch char data double finally float
      foreach fun get goto implements in instanceof int internal is let long namespace object out override
      package permits readonly record sealed set short string struct synchronized throws transient using val
      var virtual volatile when yield
    `,
  },
  c: {
    comment: `${BLOCK}|${SLASHES}`,
    string: `${DOUBLE}|${LETTER}`,
    keyword: `(?<=^|\\n)[ \\t]*#[ \\t]*[a-z]+`,
    words: `
      ${C_LIKE} auto bool catch char concept constexpr delete double explicit extern float friend goto
      inline int long mutable namespace noexcept nullptr operator override register short signed sizeof
      size_t std struct template typedef typename union unsigned using virtual volatile NULL
    `,
  },
  yaml: {
    comment: HASH,
    name: `(?<=^|\\n|- )[ \\t]*[\\w."'\\/-]+(?=:(?:\\s|$))`,
    string: `(?<=[\\s[{,:])(?:${DOUBLE}|'(?:[^'\\n]|'')*'?)`,
    words: "true false null yes no on off",
  },
  toml: {
    comment: HASH,
    string: `${TRIPLE}|${DOUBLE}|'[^'\\n]*'?`,
    keyword: `(?<=^|\\n)[ \\t]*\\[{1,2}[^\\]\\n]*\\]{0,2}`,
    name: `(?<=^|\\n|[{,])[ \\t]*[\\w.-]+(?=[ \\t]*=)`,
    words: "true false",
  },
  diff: {
    comment: `(?<=^|\\n)(?:@@|diff |index |--- |\\+\\+\\+ ).*`,
    added: `(?<=^|\\n)\\+.*`,
    removed: `(?<=^|\\n)-.*`,
    number: NOTHING,
  },
};

/** @type {Record<string, string>} */
const NAMES = {
  py: "python", python3: "python", pycon: "python", js: "javascript", jsx: "javascript", mjs:
  "javascript", node: "javascript", ts: "javascript", tsx: "javascript", typescript: "javascript", json5:
  "json", jsonc: "json", jsonl: "json", postgresql: "sql", postgres: "sql", psql: "sql", plpgsql: "sql",
  mysql: "sql", sqlite: "sql", xml: "html", svg: "html", vue: "html", htm: "html", scss: "css", less:
  "css", sh: "shell", bash: "shell", zsh: "shell", console: "shell", fish: "shell", dockerfile: "shell",
  golang: "go", rs: "rust", kotlin: "java", kt: "java", cs: "java", csharp: "java", "c#": "java", scala:
  "java", dart: "java", "c++": "c", cpp: "c", cc: "c", h: "c", hpp: "c", objc: "c", arduino: "c", yml:
  "yaml", ini: "toml", patch: "diff",
};

/** In the order in which they are tried. @type {Kind[]} */
const KINDS = ["comment", "name", "string", "keyword", "added", "removed", "number"];

/** @type {Map<string, { pattern: RegExp, words: Set<string>, anyCase: boolean }>} */
const compiled = new Map();

/** The name of a language that is known, of what stands after a fence. @param {string} info */
export function languageOf(info) {
  const [, name = ""] = /^[{.\s]*([^\s{}:,]+)/.exec(info.toLowerCase()) ?? [];
  const language = Object.hasOwn(NAMES, name) ? NAMES[name] : name;
  return language && Object.hasOwn(LANGUAGES, language) ? language : undefined;
}

/**
 * The tokens that have a colour, from an offset on at which one can begin.
 * @param {string} language as `languageOf` tells it
 * @param {string} code
 * @param {number} from
 * @returns {Generator<Token, void>}
 */
export function* tokensOf(language, code, from = 0) {
  const { pattern, words, anyCase } = compiledOf(language);
  pattern.lastIndex = from;
  for (let match; (match = pattern.exec(code)); ) {
    const word = match[KINDS.length + 1];
    if (word && !words.has(anyCase ? word.toLowerCase() : word)) continue;
    const kind = word ? "keyword" : KINDS[match.indexOf(match[0], 1) - 1];
    if (kind) yield { kind, start: match.index, end: match.index + match[0].length };
  }
}

/** A group for each kind, and one for words. @param {string} language */
function compiledOf(language) {
  let it = compiled.get(language);
  if (it) return it;
  const { words = "", anyCase = false, ...parts } = LANGUAGES[language] ?? {};
  const groups = KINDS.map((kind) => `(${parts[kind] ?? (kind === "number" ? NUMBER : NOTHING)})`);
  const pattern = new RegExp([...groups, `(${WORD})`].join("|"), "gu");
  it = { pattern, words: new Set(words.trim().split(/\s+/)), anyCase };
  compiled.set(language, it);
  return it;
}
