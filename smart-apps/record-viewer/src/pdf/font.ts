import { isDict, nameOf, type PdfFile } from './file';
import { PdfOperator, PdfReader, type PdfDict, type PdfValue } from './syntax';

/** How a font's codes read. */
export interface PdfFont {
  /** Undefined when a code has no known character: then nothing of the text can be relied upon. */
  decode(codes: string): string | undefined;
  /** How far codes move the pen, in thousandths of the size; undefined when the file does not say. */
  advance(codes: string): number | undefined;
  bold: boolean;
}

/** What WinAnsiEncoding has between 0x80 and 0x9F. */
const WINDOWS = '€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ';

export async function fontOf(file: PdfFile, dict: PdfDict): Promise<PdfFont> {
  const bold = /bold|black|heavy|semibold/i.test(nameOf(file.get(dict.get('BaseFont'))) ?? '');
  const composite = nameOf(dict.get('Subtype')) === 'Type0';
  const map = await file.stream(dict.get('ToUnicode'));
  const codes = map === undefined ? undefined : readMap(map);
  const advance = advancer(composite ? compositeWidths(file, dict) : simpleWidths(file, dict), codes?.width ?? 1);
  if (codes) return { bold, advance, decode: decoder(codes) };
  const encoding = file.get(dict.get('Encoding'));
  const plain = !composite && !(isDict(encoding) && encoding.has('Differences'));
  return { bold, advance, decode: plain ? windows : () => undefined };
}

type Widths = (code: number) => number | undefined;

function advancer(widths: Widths, bytes: number) {
  return (codes: string): number | undefined => {
    let sum = 0;
    for (let at = 0; at < codes.length; at += bytes) {
      const width = widths(number(codes.slice(at, at + bytes)));
      if (width === undefined) return undefined;
      sum += width;
    }
    return sum;
  };
}

function simpleWidths(file: PdfFile, dict: PdfDict): Widths {
  const first = Number(file.get(dict.get('FirstChar')) ?? 0);
  const list = file.get(dict.get('Widths'));
  return (code) => {
    const width = Array.isArray(list) ? file.get(list[code - first]) : undefined;
    return typeof width === 'number' ? width : undefined;
  };
}

/** The W array of a composite font (9.7.4.3), for codes that are character ids themselves. */
function compositeWidths(file: PdfFile, dict: PdfDict): Widths {
  const descendants = file.get(dict.get('DescendantFonts'));
  const inner = file.dict(Array.isArray(descendants) ? descendants[0] : undefined);
  const listed = file.get(inner?.get('W'));
  const list = (Array.isArray(listed) ? listed : []).map((one) => file.get(one));
  const known = new Map<number, number>();
  for (let at = 0; at + 1 < list.length; ) {
    const from = Number(list[at]);
    const next = list[at + 1];
    if (Array.isArray(next)) {
      for (const [index, width] of next.entries()) if (typeof width === 'number') known.set(from + index, width);
      at += 2;
    } else {
      for (let code = from; code <= Math.min(Number(next), from + 0xffff); code += 1) known.set(code, Number(list[at + 2]));
      at += 3;
    }
  }
  const usual = file.get(inner?.get('DW'));
  return (code) => (inner ? (known.get(code) ?? (typeof usual === 'number' ? usual : 1000)) : undefined);
}

function windows(codes: string): string | undefined {
  const out = [...codes].map((char) => {
    const code = char.charCodeAt(0);
    return code >= 0x80 && code <= 0x9f ? WINDOWS.charAt(code - 0x80) : char;
  });
  return out.includes('\0') ? undefined : out.join('');
}

interface CodeMap {
  width: number;
  characters: Map<number, string>;
}

function decoder({ width, characters }: CodeMap) {
  return (codes: string): string | undefined => {
    let out = '';
    for (let at = 0; at < codes.length; at += width) {
      const character = characters.get(number(codes.slice(at, at + width)));
      // Private characters are glyphs whose meaning only the font knows.
      if (character === undefined || /[\0\uE000-\uF8FF\uFFFD]/.test(character)) return undefined;
      out += character;
    }
    return out;
  };
}

/** A ToUnicode map (9.10.3): bfchar and bfrange. */
function readMap(text: string): CodeMap {
  const reader = new PdfReader(text);
  const map: CodeMap = { width: 1, characters: new Map() };
  let pending: PdfValue[] = [];
  for (let value = reader.next(); value !== undefined; value = reader.next()) {
    if (!(value instanceof PdfOperator)) pending.push(value);
    else {
      if (value.name === 'endcodespacerange') map.width = typeof pending[0] === 'string' ? pending[0].length : 1;
      if (value.name === 'endbfchar') for (let at = 0; at + 1 < pending.length; at += 2) put(map, pending[at], pending[at + 1]);
      if (value.name === 'endbfrange') for (let at = 0; at + 2 < pending.length; at += 3) putRange(map, pending.slice(at, at + 3));
      pending = [];
    }
  }
  return map;
}

function put(map: CodeMap, code: PdfValue | undefined, character: PdfValue | undefined): void {
  if (typeof code === 'string' && typeof character === 'string') map.characters.set(number(code), utf16(character));
}

function putRange(map: CodeMap, [from, to, target]: PdfValue[]): void {
  if (typeof from !== 'string' || typeof to !== 'string') return;
  const start = number(from);
  const end = Math.min(number(to), start + 0xffff);
  for (let code = start; code <= end; code += 1) {
    const character = Array.isArray(target) ? target[code - start] : target;
    if (typeof character !== 'string') continue;
    const first = utf16(character);
    const shifted = Array.isArray(target) ? first : first.slice(0, -1) + String.fromCharCode(first.charCodeAt(first.length - 1) + code - start);
    map.characters.set(code, shifted);
  }
}

function number(bytes: string): number {
  return [...bytes].reduce((sum, char) => sum * 256 + char.charCodeAt(0), 0);
}

export function utf16(bytes: string): string {
  return bytes.replace(/[\s\S]{2}/g, (pair) => String.fromCharCode(number(pair)));
}

