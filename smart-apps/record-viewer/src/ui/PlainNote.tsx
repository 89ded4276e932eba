import { useMemo } from 'preact/hooks';
import { blocksOf, type Block } from '../record/plaintext';

/** A plain-text note, laid out for reading. */
export function PlainNote({ text }: { text: string }) {
  const blocks = useMemo(() => blocksOf(text), [text]);
  return <div class="note-text">{blocks.map((block, at) => <Part key={at} block={block} />)}</div>;
}

function Part({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading':
      return <h4>{block.text}</h4>;
    case 'list':
      return <ul class="note-list">{block.items.map((item, at) => <li key={at}>{item}</li>)}</ul>;
    case 'verbatim':
      return <pre>{block.text}</pre>;
    case 'paragraph':
      return <p class="note-plain">{block.text}</p>;
  }
}
