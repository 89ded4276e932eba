/** A plain-text note as blocks that can be laid out: what a typewriter wrapped is one paragraph again. */
export type Block =
  | { kind: 'heading'; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'list'; items: string[] }
  /** Text whose columns mean something; it stays as it was typed. */
  | { kind: 'verbatim'; text: string };

const BULLET = /^\s*(?:[-*•]|\d{1,2}[.)])\s+/;
/** Lines shorter than this were ended on purpose. */
const WRAPPED = 60;

export function blocksOf(text: string): Block[] {
  const chunks = text.replace(/\r\n?/g, '\n').split(/\n\s*\n/);
  return chunks.flatMap((chunk) => chunkBlocks(chunk.replace(/^\n+|\s+$/g, '')));
}

function chunkBlocks(chunk: string): Block[] {
  if (!chunk.trim()) return [];
  const lines = chunk.split('\n');
  if (isTabular(lines)) return [{ kind: 'verbatim', text: chunk }];
  const blocks: Block[] = [];
  let before = '';
  for (const raw of lines) {
    add(blocks, raw.trimEnd(), before.length >= WRAPPED);
    before = raw.trimEnd();
  }
  return blocks;
}

/** `wrapped`: the line before was so long that this one is its continuation. */
function add(blocks: Block[], line: string, wrapped: boolean): void {
  const last = blocks.at(-1);
  const heading = headingText(line);
  if (heading) blocks.push({ kind: 'heading', text: heading });
  else if (BULLET.test(line)) {
    const item = line.replace(BULLET, '');
    if (last?.kind === 'list') last.items.push(item);
    else blocks.push({ kind: 'list', items: [item] });
  } else if (last?.kind === 'list' && /^\s{2,}\S/.test(line)) last.items.push(`${last.items.pop() ?? ''} ${line.trim()}`);
  else if (last?.kind === 'paragraph') last.text += `${wrapped ? ' ' : '\n'}${line.trim()}`;
  else blocks.push({ kind: 'paragraph', text: line.trim() });
}

function headingText(line: string): string | undefined {
  const marked = line.match(/^#{1,6}\s+(.+?)\s*#*$/);
  if (marked) return marked[1];
  const bare = line.trim().replace(/:$/, '');
  if (/^[A-Z0-9][A-Z0-9 ,/&().-]{3,60}$/.test(bare) && /[A-Z]{3}/.test(bare)) return bare.charAt(0) + bare.slice(1).toLowerCase();
  return /^[A-Z][A-Za-z /&-]{2,48}:$/.test(line.trim()) ? bare : undefined;
}

function isTabular(lines: readonly string[]): boolean {
  const columns = lines.filter((line) => /\S(?: {3,}|\t|\s\|\s)\S/.test(line));
  return columns.length >= 2;
}
