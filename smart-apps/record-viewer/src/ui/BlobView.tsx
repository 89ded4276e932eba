import { useEffect, useState } from 'preact/hooks';
import { PdfText } from './PdfText';

const MAX_NAME = 60;

/** A PDF or picture in place; anything else, and any of them, to open or download. The file lives in this tab's memory. */
export function BlobView(props: { kind: 'pdf' | 'image' | 'other'; blob: Blob; title: string; type: string }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(props.blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [props.blob]);
  if (!url) return null;
  const size = `${Math.max(1, Math.round(props.blob.size / 1000))} kB`;
  const kind = { pdf: 'PDF', image: 'picture', other: 'file' }[props.kind];
  return (
    <div class="blob">
      <p class="blob-links">
        {props.kind !== 'other' && (
          <a href={url} target="_blank" rel="noopener">
            Open the {kind} in a new tab
          </a>
        )}
        <a href={url} download={fileName(props.title, props.blob.type)}>
          Download the {kind} ({size})
        </a>
      </p>
      {props.kind === 'pdf' && <Pdf url={url} title={props.title} blob={props.blob} />}
      {props.kind === 'image' && <img src={url} alt={props.title} />}
      {props.kind === 'other' && <p class="empty">This kind of file ({props.type || 'unknown'}) can’t be shown here.</p>}
    </div>
  );
}

/** Phones' browsers open a PDF in an app of its own; a frame would stay empty there. */
function Pdf({ url, title, blob }: { url: string; title: string; blob: Blob }) {
  const inPlace = navigator.pdfViewerEnabled !== false;
  return (
    <>
      {!inPlace && <p class="hint">This browser shows PDFs outside of the page: open or download it above.</p>}
      <PdfText blob={blob} open={!inPlace} />
      {inPlace && <iframe class="pdf-frame" src={`${url}#navpanes=0&view=FitH`} title={title} />}
    </>
  );
}

/** The document's type, never the patient's name: downloads end up in shared folders. */
function fileName(title: string, type: string): string {
  const safe = title.replace(/[^A-Za-z0-9 -]+/g, ' ').trim().slice(0, MAX_NAME) || 'note';
  const ending = { 'application/pdf': 'pdf', 'image/png': 'png', 'image/jpeg': 'jpg' }[type.split(';')[0] ?? ''];
  return ending ? `${safe}.${ending}` : safe;
}
