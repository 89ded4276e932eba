/**
 * Takes out what the content security policy would refuse anyway, so that parsing a note does not fill the browser's
 * console, and a server's violation reports, with it. Tidiness only: safety is the sanitiser's and the frame's.
 */
export function withoutRefused(html: string): string {
  return html
    .replace(/<(style|script)\b[\s\S]*?<\/\1\s*>/gi, '')
    .replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/\s(?:style|on[a-z]+)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)/gi, ''));
}

/** The text of HTML, one line for each block, with Markdown-like marks for headings, for followUpIn. */
export function textOfHtml(html: string): string {
  const body = new DOMParser().parseFromString(withoutRefused(html), 'text/html').body;
  return lines(body).join('\n');
}

const BLOCK = /^(P|DIV|LI|TR|H[1-6]|SECTION|ARTICLE|UL|OL|TABLE|THEAD|TBODY|DL|DT|DD|PRE|BLOCKQUOTE|HEADER)$/;

function lines(element: Element): string[] {
  const found: string[] = [];
  let open = '';
  const close = () => {
    if (open.trim()) found.push(open.replace(/\s+/g, ' ').trim());
    open = '';
  };
  for (const node of element.childNodes) {
    if (node.nodeType === 3) open += node.textContent ?? '';
    else if (node instanceof Element && node.tagName === 'BR') close();
    else if (node instanceof Element && BLOCK.test(node.tagName)) {
      close();
      found.push(...block(node));
    } else open += node.textContent ?? '';
  }
  close();
  return found;
}

function block(node: Element): string[] {
  if (/^H[1-6]$/.test(node.tagName) || node.tagName === 'DT') return [`## ${node.textContent?.trim() ?? ''}`];
  if (node.tagName === 'TR') return [rowText(node)];
  const inner = lines(node);
  return node.tagName === 'LI' ? inner.map((line, at) => (at === 0 ? `- ${line}` : line)) : inner;
}

/** "Signed: 23 Nov 2026" for a row with a heading, cells side by side otherwise. */
function rowText(row: Element): string {
  const cells = [...row.children].map((cell) => cell.textContent?.replace(/\s+/g, ' ').trim() ?? '');
  const [first, ...rest] = cells;
  return row.children[0]?.tagName === 'TH' && rest.length === 1 ? `${first}: ${rest[0]}` : cells.join('  ');
}
