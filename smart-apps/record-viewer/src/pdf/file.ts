import { PdfName, PdfReader, PdfRef, type PdfDict, type PdfValue } from './syntax';

interface PdfObject {
  value: PdfValue;
  /** The bytes of a stream as they stand in the file. */
  raw?: string;
}

/** The objects of a PDF file. Reads the whole file instead of its tables, which are damaged often enough. */
export class PdfFile {
  private readonly objects = new Map<number, PdfObject>();

  /** Undefined for an encrypted file or one without pages. */
  static async open(bytes: Uint8Array): Promise<PdfFile | undefined> {
    const text = latin1(bytes);
    if (!text.startsWith('%PDF-') || /\/Encrypt\b/.test(text)) return undefined;
    const file = new PdfFile();
    file.scan(text);
    await file.unpack();
    return file;
  }

  private scan(text: string): void {
    for (const match of text.matchAll(/(?:^|[\r\n ])(\d+)[ ]+\d+[ ]+obj\b/g)) {
      const reader = new PdfReader(text, match.index + match[0].length);
      const value = reader.next() ?? null;
      this.objects.set(Number(match[1]), { value, ...(isDict(value) ? streamAfter(text, reader.at, value) : {}) });
    }
  }

  /** Objects may lie within streams (7.5.7). */
  private async unpack(): Promise<void> {
    for (const { value, raw } of [...this.objects.values()]) {
      if (raw === undefined || nameOf(isDict(value) ? value.get('Type') : undefined) !== 'ObjStm') continue;
      const data = await this.inflate(value as PdfDict, raw);
      const first = Number((value as PdfDict).get('First') ?? 0);
      const head = (data ?? '').slice(0, first).trim().split(/\s+/).map(Number);
      for (let at = 0; at + 1 < head.length; at += 2) {
        const inside = new PdfReader(data ?? '', first + (head[at + 1] as number)).next();
        if (inside !== undefined) this.objects.set(head[at] as number, { value: inside });
      }
    }
  }

  /** What a value stands for. */
  get(value: PdfValue | undefined): PdfValue | undefined {
    return value instanceof PdfRef ? this.objects.get(value.id)?.value : value;
  }

  dict(value: PdfValue | undefined): PdfDict | undefined {
    const found = this.get(value);
    return isDict(found) ? found : undefined;
  }

  /** The data of a stream; undefined when it is packed in a way that is not known here. */
  async stream(value: PdfValue | undefined): Promise<string | undefined> {
    const object = value instanceof PdfRef ? this.objects.get(value.id) : undefined;
    if (object?.raw === undefined || !isDict(object.value)) return undefined;
    return this.inflate(object.value, object.raw);
  }

  private async inflate(dict: PdfDict, raw: string): Promise<string | undefined> {
    const filter = this.get(dict.get('Filter'));
    const filters = (Array.isArray(filter) ? filter : filter ? [filter] : []).map(nameOf);
    if (!filters.length) return raw;
    if (filters.length > 1 || filters[0] !== 'FlateDecode' || dict.has('DecodeParms')) return undefined;
    try {
      const bytes = Uint8Array.from(raw, (char) => char.charCodeAt(0));
      const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
      return latin1(new Uint8Array(await new Response(unpacked).arrayBuffer()));
    } catch {
      return undefined;
    }
  }

  /** Pages in order, each with the resources that it inherits. */
  pages(): PdfDict[] {
    const catalog = [...this.objects.values()].find(({ value }) => isDict(value) && nameOf(value.get('Type')) === 'Catalog');
    const found: PdfDict[] = [];
    const walk = (value: PdfValue | undefined, inherited: PdfValue | undefined, depth: number) => {
      const node = this.dict(value);
      if (!node || depth > 32) return;
      const resources = node.get('Resources') ?? inherited;
      const kids = this.get(node.get('Kids'));
      if (Array.isArray(kids)) for (const kid of kids) walk(kid, resources, depth + 1);
      else found.push(new Map([...node, ...(resources === undefined ? [] : [['Resources', resources] as const])]));
    };
    walk(catalog && (catalog.value as PdfDict).get('Pages'), undefined, 0);
    return found;
  }
}

export function isDict(value: PdfValue | undefined): value is PdfDict {
  return value instanceof Map;
}

export function nameOf(value: PdfValue | undefined): string | undefined {
  return value instanceof PdfName ? value.name : undefined;
}

function streamAfter(text: string, at: number, dict: PdfDict): { raw?: string } {
  const start = text.slice(at, at + 20).match(/^\s*stream(?:\r\n|\n|\r)/);
  if (!start) return {};
  const from = at + start[0].length;
  const length = dict.get('Length');
  const stated = typeof length === 'number' ? from + length : -1;
  if (stated > 0 && /^\s*endstream/.test(text.slice(stated, stated + 20))) return { raw: text.slice(from, stated) };
  const end = text.indexOf('endstream', from);
  return end < 0 ? {} : { raw: text.slice(from, end).replace(/\r?\n$/, '') };
}

function latin1(bytes: Uint8Array): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += 8192) out += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return out;
}
