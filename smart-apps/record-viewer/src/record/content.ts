import type { Attachment, Binary } from 'fhir/r4';
import { RequestFailed, type FhirHttp } from '../fhir/http';
import { mediaType } from './notes';

export type Content =
  | { kind: 'text'; text: string }
  | { kind: 'html'; html: string }
  | { kind: 'pdf'; blob: Blob }
  | { kind: 'image'; blob: Blob }
  | { kind: 'other'; blob: Blob };

/** Gets what an attachment points to or holds. The bytes stay in memory. */
export async function contentOf(http: FhirHttp, attachment: Attachment, signal?: AbortSignal): Promise<Content> {
  if (attachment.data) return contentFrom(decode(attachment.data, mediaType(attachment)));
  if (!attachment.url) throw new RequestFailed({ kind: 'missing' });
  const accept = `${attachment.contentType ?? '*/*'}, application/fhir+json;q=0.5, */*;q=0.1`;
  const { body } = await http.bytes(attachment.url, accept, signal);
  return contentFrom(await unwrap(body, attachment));
}

/** A server may answer with a FHIR Binary, base64 inside JSON, instead of the content itself. */
async function unwrap(blob: Blob, attachment: Attachment): Promise<Blob> {
  if (!/json/.test(blob.type)) return blob.type ? blob : new Blob([blob], { type: mediaType(attachment) });
  try {
    const binary = JSON.parse(await blob.text()) as Partial<Binary>;
    if (binary.resourceType !== 'Binary' || !binary.data) return blob;
    return decode(binary.data, binary.contentType ?? mediaType(attachment));
  } catch {
    throw new RequestFailed({ kind: 'malformed' });
  }
}

function decode(data: string, type: string): Blob {
  try {
    const bytes = Uint8Array.from(atob(data.replace(/\s/g, '')), (char) => char.charCodeAt(0));
    return new Blob([bytes], { type });
  } catch {
    throw new RequestFailed({ kind: 'malformed' });
  }
}

async function contentFrom(blob: Blob): Promise<Content> {
  const type = blob.type.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/pdf') return { kind: 'pdf', blob };
  if (/^image\/(png|jpeg|gif|webp)$/.test(type)) return { kind: 'image', blob };
  if (type === 'text/html' || type === 'application/xhtml+xml') return { kind: 'html', html: await blob.text() };
  if (/^text\/(plain|markdown|x-markdown)?$/.test(type) || type === '') return { kind: 'text', text: await blob.text() };
  if (type === 'text/rtf' || type === 'application/rtf') return { kind: 'other', blob };
  return type.startsWith('text/') ? { kind: 'text', text: await blob.text() } : { kind: 'other', blob };
}
