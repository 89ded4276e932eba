/** The part of a note that says what happens next, as its author wrote it. */
export interface FollowUp {
  heading: string;
  lines: string[];
}

/** What is written to the reader. */
const FOR_YOU = [/^(?:for|to) (?:the |your )?(?:primary care|pcp|pediatrician|paediatrician|family (?:doctor|physician)|referring|outpatient)\b/i, /^(?:what we ask|requests?) (?:of|to|for) (?:the )?(?:pcp|primary care)\b/i];
/** What the next steps may stand under, the likeliest first. */
const NEXT = [
  /^(?:discharge )?follow[\s-]*up\b/i,
  /^(?:appointments?|next (?:steps|appointments?)|what (?:to do )?next|to do)\b/i,
  /^(?:plan|recommendations?|discharge plan|assessment and plan|what we wait for)$/i,
  /^(?:discharge |patient |family |home care )?instructions\b/i,
  /^disposition$/i,
];
/** What the warning signs may stand under. */
const WARNING = [/^return precautions\b/i, /^(?:when to )?(?:come back|return|call|seek)\b.*\b(?:if|when|for|care|help|at once)\b/i, /^(?:when to (?:call|return|seek)|warning signs|red flags)\b/i];
const MOST_LINES = 8;
const MOST_CHARACTERS = 900;

export interface Plan {
  /** What the hospital asks of the clinician outside. */
  forYou?: FollowUp;
  next?: FollowUp;
  /** When the family should come back or call. */
  warning?: FollowUp;
}

/** Finds what a plain-text note says of the next steps; undefined when it says nothing. */
export function planIn(text: string): Plan | undefined {
  const lines = text.replace(/\r\n?/g, '\n').split('\n').map((line) => line.trim());
  const forYou = firstUnder(lines, FOR_YOU);
  const next = firstUnder(lines, NEXT);
  const warning = firstUnder(lines, WARNING);
  if (!forYou && !next && !warning) return undefined;
  return { ...(forYou ? { forYou } : {}), ...(next ? { next } : {}), ...(warning ? { warning } : {}) };
}

function firstUnder(lines: readonly string[], wanted: readonly RegExp[]): FollowUp | undefined {
  for (const one of wanted) {
    for (const [at, line] of lines.entries()) {
      const heading = headingOf(line);
      if (!heading || !one.test(heading.title)) continue;
      const found = section(lines, at, heading);
      if (found.length) return { heading: heading.title, lines: found };
    }
  }
  return undefined;
}

interface Heading {
  title: string;
  /** What stands on the heading's own line after the colon. */
  rest: string;
  style: 'marked' | 'capitals' | 'colon' | 'bare';
}

/** "## Plan", "FOLLOW-UP:", "Follow-up: see the PCP in two days", or a line of its own that is one of the wanted titles. */
function headingOf(line: string): Heading | undefined {
  const marked = line.match(/^#{1,6}\s+(.{2,60}?)\s*:?\s*$/);
  if (marked) return { title: tidy(marked[1] ?? ''), rest: '', style: 'marked' };
  if (/^[A-Z][A-Z /&-]{3,48}:?$/.test(line)) return { title: tidy(line.replace(/:$/, '')), rest: '', style: 'capitals' };
  const colon = line.match(/^([A-Z][A-Za-z /&-]{2,48}):\s*(.*)$/);
  if (colon) return { title: tidy(colon[1] ?? ''), rest: colon[2] ?? '', style: 'colon' };
  const bare = [...FOR_YOU, ...NEXT, ...WARNING].some((wanted) => wanted.test(line)) && line.length < 40 && !/[.,;]$/.test(line);
  return bare ? { title: tidy(line), rest: '', style: 'bare' } : undefined;
}

/** A section ends where one of its own rank begins: "What to watch: fever" within a marked section is text. */
function ends(line: string, heading: Heading): boolean {
  const next = /^[-*•\d]/.test(line) ? undefined : headingOf(line);
  if (!next) return false;
  if (heading.style === 'marked') return next.style === 'marked';
  return heading.style === 'capitals' ? next.style === 'marked' || next.style === 'capitals' : true;
}

function tidy(title: string): string {
  const plain = title.replace(/^[*_]+|[*_]+$/g, '').trim();
  return /^[^a-z]+$/.test(plain) ? plain.charAt(0) + plain.slice(1).toLowerCase() : plain;
}

function section(lines: readonly string[], at: number, heading: Heading): string[] {
  const found: string[] = heading.rest ? [heading.rest] : [];
  let size = heading.rest.length;
  let before = heading.rest;
  for (const line of lines.slice(at + 1)) {
    if (!line) {
      before = '';
      continue;
    }
    if (ends(line, heading)) break;
    size += line.length;
    if (found.length >= MOST_LINES || size > MOST_CHARACTERS) {
      found.push('…');
      break;
    }
    if (goesOn(before, line)) found.push(`${found.pop() ?? ''} ${line}`);
    else found.push(line);
    before = line;
  }
  return found.map((line) => line.replace(BULLET, '').replace(/^[a-z]/, (first) => first.toUpperCase()));
}

const BULLET = /^(?:[-*•]|\d+[.)])\s+/;

/** Whether `line` continues the one before: wrapped by a typewriter or a printer, or under the same bullet. */
function goesOn(before: string, line: string): boolean {
  if (!before || BULLET.test(line) || /[.:;]$/.test(before)) return false;
  return /^[a-z(]/.test(line) || before.length >= 60 || BULLET.test(before);
}
