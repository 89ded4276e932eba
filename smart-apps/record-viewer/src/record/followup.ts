/** The part of a note that says what happens next, as its author wrote it. */
export interface FollowUp {
  heading: string;
  lines: string[];
}

const WANTED = [
  /^(?:discharge )?follow[\s-]*up(?: plan| care| instructions| appointments?)?\b/i,
  /^(?:plan|recommendations?|what (?:to do )?next|next steps)\b.*$/i,
  /^(?:discharge )?(?:instructions|plan)\b/i,
  /^(?:patient|family|home care) instructions\b/i,
  /^(?:return precautions|when to (?:return|call|seek))\b/i,
];
const MOST_LINES = 8;
const MOST_CHARACTERS = 900;

/** Finds the follow-up section of a plain-text note; undefined when it has none. */
export function followUpIn(text: string): FollowUp | undefined {
  const lines = text.replace(/\r\n?/g, '\n').split('\n').map((line) => line.trim());
  for (const wanted of WANTED) {
    for (const [at, line] of lines.entries()) {
      const heading = headingOf(line);
      if (!heading || !wanted.test(heading.title)) continue;
      const found = section(lines, at, heading.rest);
      if (found.length) return { heading: heading.title, lines: found };
    }
  }
  return undefined;
}

/** "FOLLOW-UP:", "## Plan", "Follow-up: see the PCP in two days", or a line of its own in capitals. */
function headingOf(line: string): { title: string; rest: string } | undefined {
  const marked = line.match(/^#{1,6}\s+(.{2,60}?)\s*:?\s*$/);
  if (marked) return { title: tidy(marked[1] ?? ''), rest: '' };
  const colon = line.match(/^([A-Z][A-Za-z /&-]{2,48}):\s*(.*)$/);
  if (colon) return { title: tidy(colon[1] ?? ''), rest: colon[2] ?? '' };
  const capitals = /^[A-Z][A-Z /&-]{3,48}$/.test(line);
  const bare = WANTED.some((wanted) => wanted.test(line)) && line.length < 40 && !/[.,;]$/.test(line);
  return capitals || bare ? { title: tidy(line), rest: '' } : undefined;
}

function tidy(title: string): string {
  const plain = title.replace(/^[*_]+|[*_]+$/g, '').trim();
  return /^[^a-z]+$/.test(plain) ? plain.charAt(0) + plain.slice(1).toLowerCase() : plain;
}

function section(lines: readonly string[], heading: number, rest: string): string[] {
  const found: string[] = rest ? [rest] : [];
  let size = rest.length;
  for (const line of lines.slice(heading + 1)) {
    if (!line) continue;
    if (headingOf(line) && !/^[-*•\d]/.test(line)) break;
    size += line.length;
    if (found.length >= MOST_LINES || size > MOST_CHARACTERS) {
      found.push('…');
      break;
    }
    joinOrAdd(found, line);
  }
  return found.map((line) => line.replace(/^(?:[-*•]|\d+[.)])\s+/, '').replace(/^[a-z]/, (first) => first.toUpperCase()));
}

/** A line that goes on in small letters belongs to the line before it. */
function joinOrAdd(found: string[], line: string): void {
  const last = found.length - 1;
  const goesOn = /^[a-z(]/.test(line) && last >= 0 && !/[.:;]$/.test(found[last] ?? '');
  if (goesOn) found[last] = `${found[last]} ${line}`;
  else found.push(line);
}
