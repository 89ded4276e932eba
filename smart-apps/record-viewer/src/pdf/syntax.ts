/** PDF objects (ISO 32000-1, 7.3), as far as finding text needs them. */
export type PdfValue = string | number | boolean | null | PdfName | PdfRef | PdfOperator | PdfValue[] | PdfDict;
export type PdfDict = Map<string, PdfValue>;

export class PdfName {
  constructor(readonly name: string) {}
}

export class PdfRef {
  constructor(readonly id: number) {}
}

export class PdfOperator {
  constructor(readonly name: string) {}
}

const SPACE = /[\0\t\n\f\r ]/;
const DELIMITER = /[\0\t\n\f\r ()<>[\]{}/%]/;
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** Reads values out of bytes that stand in a string, one character a byte. */
export class PdfReader {
  constructor(
    readonly text: string,
    public at = 0,
  ) {}

  /** The next value or operator; undefined at the end. */
  next(): PdfValue | undefined {
    this.skip();
    const char = this.text[this.at];
    if (char === undefined) return undefined;
    if (char === '/') return this.name();
    if (char === '(') return this.literal();
    if (char === '[') return this.array();
    if (this.text.startsWith('<<', this.at)) return this.dict();
    if (char === '<') return this.hex();
    return this.word();
  }

  private skip(): void {
    for (;;) {
      while (this.at < this.text.length && SPACE.test(this.text.charAt(this.at))) this.at += 1;
      if (this.text[this.at] !== '%') return;
      while (this.at < this.text.length && !/[\r\n]/.test(this.text.charAt(this.at))) this.at += 1;
    }
  }

  private name(): PdfName {
    const start = ++this.at;
    while (this.at < this.text.length && !DELIMITER.test(this.text.charAt(this.at))) this.at += 1;
    const raw = this.text.slice(start, this.at);
    return new PdfName(raw.replace(/#([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
  }

  private literal(): string {
    let depth = 1;
    let out = '';
    this.at += 1;
    while (this.at < this.text.length) {
      const char = this.text.charAt(this.at++);
      if (char === '\\') out += this.escape();
      else if (char === ')' && --depth === 0) return out;
      else {
        if (char === '(') depth += 1;
        out += char;
      }
    }
    return out;
  }

  private escape(): string {
    const octal = this.text.slice(this.at, this.at + 3).match(/^[0-7]{1,3}/)?.[0];
    if (octal) {
      this.at += octal.length;
      return String.fromCharCode(Number.parseInt(octal, 8) & 255);
    }
    const char = this.text.charAt(this.at++);
    if (char === '\r' && this.text[this.at] === '\n') this.at += 1;
    return char === '\n' || char === '\r' ? '' : (ESCAPES[char] ?? char);
  }

  private hex(): string {
    const end = this.text.indexOf('>', this.at);
    const digits = this.text.slice(this.at + 1, end < 0 ? undefined : end).replace(/[^0-9a-f]/gi, '');
    this.at = end < 0 ? this.text.length : end + 1;
    return (digits.length % 2 ? `${digits}0` : digits).replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  }

  private array(): PdfValue[] {
    this.at += 1;
    const out: PdfValue[] = [];
    for (;;) {
      this.skip();
      if (this.at >= this.text.length) return out;
      if (this.text[this.at] === ']') {
        this.at += 1;
        return out;
      }
      const value = this.next();
      if (value instanceof PdfOperator && value.name === 'R') join(out);
      else if (value !== undefined) out.push(value);
    }
  }

  private dict(): PdfDict {
    this.at += 2;
    const flat: PdfValue[] = [];
    for (;;) {
      this.skip();
      if (this.at >= this.text.length || this.text.startsWith('>>', this.at)) break;
      const value = this.next();
      if (value instanceof PdfOperator && value.name === 'R') join(flat);
      else if (value !== undefined) flat.push(value);
    }
    this.at += 2;
    const out: PdfDict = new Map();
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const key = flat[at];
      if (key instanceof PdfName) out.set(key.name, flat[at + 1] as PdfValue);
    }
    return out;
  }

  private word(): PdfValue {
    const start = this.at;
    while (this.at < this.text.length && !DELIMITER.test(this.text.charAt(this.at))) this.at += 1;
    // A stray delimiter must not hold the reader for ever.
    if (this.at === start) this.at += 1;
    const word = this.text.slice(start, this.at);
    if (/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(word)) return Number(word);
    if (word === 'true' || word === 'false') return word === 'true';
    return word === 'null' ? null : new PdfOperator(word);
  }
}

/** "12 0 R": the two numbers before an R are a reference. */
function join(values: PdfValue[]): void {
  values.pop();
  const id = values.pop();
  values.push(typeof id === 'number' ? new PdfRef(id) : null);
}
