import { isDict, nameOf, PdfFile } from './file';
import { fontOf, utf16, type PdfFont } from './font';
import { PdfOperator, PdfReader, type PdfDict, type PdfValue } from './syntax';

interface Run {
  x: number;
  y: number;
  size: number;
  bold: boolean;
  text: string;
  /** Where it ends; undefined when the font does not say how wide it is. */
  end?: number;
}

const MOST_PAGES = 12;

/**
 * The text of a PDF, a line for each printed line and "## " before headings, so that the summary can find the plan in it.
 * Undefined when any of it could not be read for certain: half a plan is worse than none, and the PDF itself is at hand.
 */
export async function textOfPdf(bytes: Uint8Array): Promise<string | undefined> {
  const file = await PdfFile.open(bytes);
  const pages = file?.pages().slice(0, MOST_PAGES) ?? [];
  const out: string[] = [];
  for (const page of pages) {
    const runs = file && (await runsOf(file, page));
    const lines = runs && linesOf(runs);
    if (!lines) return undefined;
    out.push(...lines);
  }
  return out.length && !isScattered(out) ? out.join('\n') : undefined;
}

async function runsOf(file: PdfFile, page: PdfDict): Promise<Run[] | undefined> {
  const fonts = new Map<string, PdfFont>();
  const named = file.dict(file.dict(page.get('Resources'))?.get('Font'));
  for (const [name, value] of named ?? []) {
    const dict = file.dict(value);
    if (dict) fonts.set(name, await fontOf(file, dict));
  }
  const contents = page.get('Contents');
  const list = file.get(contents);
  const parts = await Promise.all((Array.isArray(list) ? list : [contents]).map((one) => file.stream(one)));
  if (parts.some((one) => one === undefined)) return undefined;
  return new Interpreter(fonts).run(parts.join('\n'));
}

/** Follows the operators that place and show text (9.4). Scale and rotation of pages are left aside. */
class Interpreter {
  private readonly runs: Run[] = [];
  private font?: PdfFont;
  private size = 0;
  private leading = 0;
  private line = { x: 0, y: 0, scale: 1 };
  private origin = { x: 0, y: 0, flip: 1 };
  private readonly saved: { x: number; y: number; flip: number }[] = [];
  private sound = true;
  /** How far the pen is from the beginning of the line. */
  private pen: number | undefined = 0;
  /** What a marked part says in place of its glyphs (14.9.4). */
  private actual?: string;

  constructor(private readonly fonts: ReadonlyMap<string, PdfFont>) {}

  run(content: string): Run[] | undefined {
    const reader = new PdfReader(content);
    let operands: PdfValue[] = [];
    for (let value = reader.next(); value !== undefined && this.sound; value = reader.next()) {
      if (!(value instanceof PdfOperator)) operands.push(value);
      else {
        this.apply(value.name, operands);
        operands = [];
      }
    }
    return this.sound ? this.runs : undefined;
  }

  private apply(operator: string, operands: PdfValue[]): void {
    const numbers = operands.map((one) => (typeof one === 'number' ? one : 0));
    const [a = 0, b = 0, , d = 0, e = 0, f = 0] = numbers;
    if (operator === 'q') this.saved.push({ ...this.origin });
    else if (operator === 'Q') this.origin = this.saved.pop() ?? this.origin;
    else if (operator === 'cm') this.origin = { x: this.origin.x + e, y: this.origin.y + f * this.origin.flip, flip: this.origin.flip * (d < 0 ? -1 : 1) };
    else if (operator === 'BDC') this.actual = actualText(operands[1]);
    else if (operator === 'EMC') this.actual = undefined;
    else if (operator === 'BT') this.place({ x: 0, y: 0, scale: 1 });
    else if (operator === 'Tf') this.setFont(operands);
    else if (operator === 'TL') this.leading = a;
    else if (operator === 'Tm') this.place({ x: e, y: f, scale: Math.abs(d) || 1 });
    else if (operator === 'Td' || operator === 'TD') {
      if (operator === 'TD') this.leading = -b;
      this.move(a, b);
    } else if (operator === 'T*') this.move(0, -this.leading);
    else if (operator === 'Tj' || operator === 'TJ') this.show(operands[0]);
    else if (operator === "'" || operator === '"') {
      this.move(0, -this.leading);
      this.show(operands.at(-1));
    }
  }

  private move(x: number, y: number): void {
    this.place({ ...this.line, x: this.line.x + x * this.line.scale, y: this.line.y + y * this.line.scale });
  }

  private place(line: { x: number; y: number; scale: number }): void {
    this.line = line;
    this.pen = 0;
  }

  private setFont([name, size]: PdfValue[]): void {
    this.font = this.fonts.get(nameOf(name) ?? '');
    this.size = typeof size === 'number' ? size : 0;
  }

  private show(value: PdfValue | undefined): void {
    const parts = Array.isArray(value) ? value : [value];
    let text = '';
    let width: number | undefined = 0;
    for (const part of parts) {
      if (typeof part === 'number') {
        // A wide gap inside of a line is a space that was not written.
        if (part < -180 && text && !text.endsWith(' ')) text += ' ';
        if (width !== undefined) width -= part;
      } else if (typeof part === 'string') {
        text += this.read(part);
        const advance = this.font?.advance(part);
        width = width === undefined || advance === undefined ? undefined : width + advance;
      }
    }
    this.push(text, width);
  }

  private read(codes: string): string {
    if (this.actual !== undefined) {
      const said = this.actual;
      this.actual = '';
      return said;
    }
    const decoded = this.font?.decode(codes);
    if (decoded === undefined) this.sound = false;
    return decoded ?? '';
  }

  private push(text: string, width: number | undefined): void {
    const size = this.size * this.line.scale;
    const { x, y, flip } = this.origin;
    // Two runs of which the place of the second is not known can't be put together.
    if (this.pen === undefined) this.sound = false;
    const start = x + this.line.x + (this.pen ?? 0);
    const length = width === undefined ? undefined : (width / 1000) * size;
    this.pen = this.pen === undefined || length === undefined ? undefined : this.pen + length;
    if (!text) return;
    const end = length === undefined ? {} : { end: start + length };
    this.runs.push({ x: start, y: y + this.line.y * flip, size, bold: this.font?.bold ?? false, text, ...end });
  }
}

function actualText(value: PdfValue | undefined): string | undefined {
  const said = isDict(value) ? value.get('ActualText') : undefined;
  if (typeof said !== 'string') return undefined;
  return said.startsWith('\u00fe\u00ff') ? utf16(said.slice(2)) : said;
}

/** Undefined when runs share a line and it is not known whether a space lies between them. */
function linesOf(runs: readonly Run[]): string[] | undefined {
  const sorted = [...runs].sort((a, b) => b.y - a.y || a.x - b.x);
  const lines: Run[][] = [];
  for (const run of sorted) {
    const last = lines.at(-1);
    if (last?.[0] && Math.abs(last[0].y - run.y) < run.size * 0.4) last.push(run);
    else lines.push([run]);
  }
  const body = median(runs.map((run) => run.size));
  const out: string[] = [];
  for (const line of lines) {
    const text = textOf(line.sort((a, b) => a.x - b.x));
    if (text === undefined) return undefined;
    const heading = line.every((run) => run.bold || run.size > body * 1.15) && text.length < 70;
    if (text) out.push(`${heading ? '## ' : ''}${text}`);
  }
  return out;
}

function textOf(line: readonly Run[]): string | undefined {
  let text = '';
  let before: Run | undefined;
  for (const run of line) {
    const spaced = !text || /\s$/.test(text) || /^\s/.test(run.text);
    if (!spaced && before?.end === undefined) return undefined;
    const gap = before?.end === undefined ? 0 : run.x - before.end;
    text += (!spaced && gap > run.size * 0.15 ? ' ' : '') + run.text;
    before = run;
  }
  return text.replace(/\s+/g, ' ').trim();
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Text placed glyph by glyph comes out as "H e l l o". */
function isScattered(lines: readonly string[]): boolean {
  const words = lines.join(' ').split(/\s+/);
  return words.filter((word) => /^[A-Za-z]$/.test(word)).length > words.length * 0.25;
}
