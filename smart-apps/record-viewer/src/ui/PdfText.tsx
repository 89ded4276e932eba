import { useEffect, useState } from 'preact/hooks';
import { PlainNote } from './PlainNote';

/** Larger files are scans and pictures, and would hold up the page. */
const MOST_BYTES = 3_000_000;

/** The text of a PDF, where it can be read for certain. The reader is loaded when it is first needed. */
export async function pdfText(blob: Blob): Promise<string | undefined> {
  if (blob.size > MOST_BYTES) return undefined;
  const { textOfPdf } = await import('../pdf/text');
  return textOfPdf(new Uint8Array(await blob.arrayBuffer()));
}

/** What a PDF says, as text: for phones, which show no PDF in a page, and for whoever listens instead of looking. */
export function PdfText({ blob, open }: { blob: Blob; open: boolean }) {
  const [text, setText] = useState<string | undefined>();
  useEffect(() => {
    let current = true;
    setText(undefined);
    void pdfText(blob).then(
      (found) => current && setText(found),
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [blob]);
  if (!text) return null;
  return (
    <details class="pdf-text" open={open}>
      <summary>The text of this PDF</summary>
      <p class="hint">Layout and pictures are in the PDF alone.</p>
      <PlainNote text={text} />
    </details>
  );
}
