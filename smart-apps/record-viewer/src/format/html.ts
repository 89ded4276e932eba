/** The text of sanitised HTML, one line for each block, with Markdown-like marks for headings, for followUpIn. */
export function textOfHtml(html: string): string {
  const body = new DOMParser().parseFromString(html, 'text/html').body;
  return lines(body).join('\n');
}

const BLOCK = /^(P|DIV|LI|TR|H[1-6]|SECTION|ARTICLE|UL|OL|TABLE|TBODY|DL|DT|DD|PRE|BLOCKQUOTE|HEADER)$/;

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
  const inner = lines(node);
  return node.tagName === 'LI' ? inner.map((line, at) => (at === 0 ? `- ${line}` : line)) : inner;
}
