// @vitest-environment node
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { planIn } from '../record/followup';
import { textOfPdf } from './text';

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const packed = (text: string) => [...deflateSync(Buffer.from(text, 'latin1'))].map((byte) => String.fromCharCode(byte)).join('');

const WIDTHS = `/FirstChar 0 /Widths [${'500 '.repeat(256)}]`;
const FONTS = '/F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> /F3 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica ' + WIDTHS + ' >> /F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>';
function pdf(stream: string, { filter = '', fonts = FONTS, more = '' } = {}): Uint8Array {
  return bytes(
    `%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Kids [3 0 R] /Count 1 /Resources << /Font << ${fonts} >> >> >>\nendobj\n` +
      `3 0 obj\n<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>\nendobj\n4 0 obj\n<< /Length ${stream.length} ${filter} >>\nstream\n${stream}\nendstream\nendobj\n${more}`,
  );
}

const PAGE =
  'BT /F2 11 Tf 64 700 Td (Follow-up) Tj ET BT /F1 10 Tf 64 685 Td <9520446F63746F72> Tj ET BT /F1 10 Tf 64 670 Td (\\(call first\\)) Tj ET BT /F2 11 Tf 64 650 Td (Signed) Tj ET BT /F1 10 Tf 64 640 Td (today and every day after that day) Tj ET';

describe('the text of a PDF', () => {
  it('comes line by line with its headings, packed or not', async () => {
    const want = '## Follow-up\n• Doctor\n(call first)\n## Signed\ntoday and every day after that day';
    expect(await textOfPdf(pdf(PAGE))).toBe(want);
    expect(await textOfPdf(pdf(packed(PAGE), { filter: '/Filter /FlateDecode' }))).toBe(want);
    expect(planIn(want)?.next?.lines).toEqual(['Doctor (call first)']);
  });

  it('follows the operators that move', async () => {
    const stream = 'BT /F1 10 Tf 12 TL 1 0 0 1 64 700 Tm [(Wor) 20 (ld) -300 (peace)] TJ T* (second) Tj 0 -12 TD (third) Tj ET';
    expect(await textOfPdf(pdf(stream))).toBe('World peace\nsecond\nthird');
  });

  it('reads fonts by their map', async () => {
    const map = '1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfrange <0001> <0003> <0061> endbfrange 1 beginbfchar <0009> <00660069> endbfchar';
    const fonts = '/F1 << /Subtype /Type0 /BaseFont /X /ToUnicode 9 0 R >>';
    const more = `9 0 obj\n<< /Length ${map.length} >>\nstream\n${map}\nendstream\nendobj\n`;
    expect(await textOfPdf(pdf('BT /F1 10 Tf 9 9 Td <0001000200030009> Tj ET', { fonts, more }))).toBe('abcfi');
    expect(await textOfPdf(pdf('BT /F1 10 Tf 9 9 Td <00010008> Tj ET', { fonts, more }))).toBeUndefined();
  });

  it('puts runs of one line together by where they lie', async () => {
    const runs = 'BT /F3 10 Tf 64 700 Td (Tomor) Tj 25 0 Td (row) Tj 20 0 Td (early) Tj ( call) Tj ET';
    expect(await textOfPdf(pdf(runs))).toBe('Tomorrow early call');
    expect(await textOfPdf(pdf(runs.replace('/F3', '/F1')))).toBeUndefined();
  });

  it('takes what a marked part says in place of its glyphs, and no private characters', async () => {
    const map = '1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <01> <f002> <02> <006f> endbfchar';
    const fonts = `/F1 << /Subtype /TrueType /BaseFont /X /ToUnicode 9 0 R ${WIDTHS} >>`;
    const more = `9 0 obj\n<< /Length ${map.length} >>\nstream\n${map}\nendstream\nendobj\n`;
    expect(await textOfPdf(pdf('BT /F1 10 Tf 9 9 Td /Span << /ActualText <FEFF0066006C> >> BDC <01> Tj EMC <02> Tj ET', { fonts, more }))).toBe('flo');
    expect(await textOfPdf(pdf('BT /F1 10 Tf 9 9 Td <01> Tj ET', { fonts, more }))).toBeUndefined();
  });

  it('is nothing where it is not certain', async () => {
    expect(await textOfPdf(bytes('not a PDF'))).toBeUndefined();
    expect(await textOfPdf(pdf(PAGE, { more: 'trailer << /Encrypt 9 0 R >>' }))).toBeUndefined();
    expect(await textOfPdf(pdf(PAGE, { filter: '/Filter /LZWDecode' }))).toBeUndefined();
    expect(await textOfPdf(pdf(PAGE, { fonts: '/F1 << /Subtype /Type0 >>' }))).toBeUndefined();
    expect(await textOfPdf(pdf(PAGE.replace('4 0 R', '77 0 R'), { fonts: '/F1 << /Encoding << /Differences [1 /a] >> >>' }))).toBeUndefined();
    expect(await textOfPdf(pdf('BT /F1 10 Tf 64 700 Td (H) Tj 9 0 Td (e) Tj 9 0 Td (l) Tj 9 0 Td (l) Tj 9 0 Td (o) Tj ET'))).toBeUndefined();
  });

  it('ends, whatever it is given', async () => {
    for (let cut = 0; cut < 600; cut += 7) await textOfPdf(pdf(PAGE).slice(0, cut));
    expect(await textOfPdf(pdf('BT ((( <<<< [[[ ET'))).toBeUndefined();
  });
});
