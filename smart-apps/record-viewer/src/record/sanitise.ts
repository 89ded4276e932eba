import DOMPurify from 'dompurify';
import { withoutRefused } from '../format/html';

/** Attributes that hold no address. */
const PLAIN_ATTRIBUTES = ['colspan', 'rowspan', 'scope', 'headers', 'lang', 'dir', 'title', 'alt', 'start', 'value'];

/**
 * Hospital HTML as harmless HTML: structure and text only. The frame that shows it runs no script, loads nothing and
 * submits nothing by itself (ui/NoteFrame.tsx); this is the first of the locks, not the only one.
 */
export function sanitise(html: string): string {
  return DOMPurify.sanitize(withoutRefused(html), {
    ALLOWED_TAGS: [
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'div', 'span', 'br', 'hr', 'ul', 'ol', 'li', 'dl', 'dt', 'dd'],
      ...['table', 'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'colgroup', 'col'],
      ...['b', 'strong', 'i', 'em', 'u', 's', 'sub', 'sup', 'small', 'mark', 'pre', 'code', 'blockquote', 'q', 'abbr'],
      ...['section', 'article', 'header', 'footer', 'address', 'img'],
    ],
    ALLOWED_ATTR: [...PLAIN_ATTRIBUTES, 'src'],
    ADD_URI_SAFE_ATTR: PLAIN_ATTRIBUTES,
    // Pictures only when they are part of the note itself.
    ALLOWED_URI_REGEXP: /^data:image\/(?:png|jpeg|gif|webp);/i,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
}
