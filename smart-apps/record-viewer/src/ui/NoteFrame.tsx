import { useEffect, useMemo, useRef } from 'preact/hooks';
import { sanitise } from '../record/sanitise';

/**
 * Hospital HTML in a frame of its own. Three locks: it is sanitised; the sandbox runs no script, opens no window and
 * submits no form; its own content security policy loads nothing. `allow-same-origin` without `allow-scripts` lets this
 * page measure and style the frame and gives the frame nothing.
 */
export function NoteFrame({ html, title }: { html: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const page = useMemo(() => pageOf(sanitise(html)), [html]);
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    let stop: (() => void) | undefined;
    const fit = () => {
      stop?.();
      stop = dress(element);
    };
    element.addEventListener('load', fit);
    return () => {
      element.removeEventListener('load', fit);
      stop?.();
    };
  }, []);
  return <iframe class="note-frame" ref={frame} title={title} sandbox="allow-same-origin" srcDoc={page} referrerpolicy="no-referrer" />;
}

function pageOf(body: string): string {
  const policy = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'";
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"></head><body>${body}</body></html>`;
}

const STYLE = `
  html { color-scheme: light dark; }
  body { margin: 0; font: 1rem/1.6 -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, system-ui, sans-serif; max-width: 70ch; overflow-wrap: anywhere; }
  h1, h2, h3, h4, h5, h6 { font-size: 1rem; line-height: 1.3; margin: 1.2em 0 .3em; }
  h1 { font-size: 1.15rem; margin-top: 0; }
  p, ul, ol, dl, table, pre, blockquote { margin: 0 0 .8em; }
  ul, ol { padding-left: 1.4em; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; vertical-align: top; padding: .3em .9em .3em 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
  caption { text-align: left; font-weight: 600; padding-bottom: .3em; }
  img { max-width: 100%; height: auto; }
  pre { white-space: pre-wrap; font: inherit; }
`;

/** Styles the frame through CSSOM, which the content security policy allows, and keeps it as tall as its content. */
function dress(frame: HTMLIFrameElement): (() => void) | undefined {
  const inside = frame.contentDocument;
  const view = frame.contentWindow as (Window & typeof globalThis) | null;
  if (!inside || !view) return undefined;
  const sheet = new view.CSSStyleSheet();
  sheet.replaceSync(STYLE);
  inside.adoptedStyleSheets = [sheet];
  const outer = getComputedStyle(frame);
  inside.documentElement.style.color = outer.color;
  inside.documentElement.style.fontSize = getComputedStyle(document.documentElement).fontSize;
  const fit = () => {
    frame.style.height = `${Math.ceil(inside.documentElement.getBoundingClientRect().height) + 4}px`;
  };
  fit();
  const observer = new ResizeObserver(fit);
  observer.observe(inside.body);
  return () => observer.disconnect();
}
