import { describe, expect, it } from 'vitest';
import { textOfHtml } from '../format/html';
import { sanitise } from './sanitise';

describe('hospital HTML', () => {
  it.each([
    ['<script>alert(1)</script><p>x</p>', '<p>x</p>'],
    ['<p onclick="alert(1)" style="position:fixed">x</p>', '<p>x</p>'],
    ['<a href="javascript:alert(1)">x</a>', 'x'],
    ['<img src="https://tracker.example/x.png" alt="chart">', '<img alt="chart">'],
    ['<form action="/x"><input name="a"><button>Go</button></form>', 'Go'],
    ['<iframe src="x"></iframe><object data="x"></object><embed src="x">', ''],
    ['<base href="//evil.example"><meta http-equiv="refresh" content="0;url=x"><link rel="stylesheet" href="x">', ''],
    ['<svg><script>alert(1)</script></svg><math><mi//xlink:href="data:x,<script>alert(4)</script>">', ''],
    ['<p id="app" class="skip">x</p>', '<p>x</p>'],
    ['<style>body{display:none}</style><b>x</b>', '<b>x</b>'],
  ])('%s', (dirty, clean) => expect(sanitise(dirty).trim()).toBe(clean));

  it('keeps the structure that carries meaning, and pictures inside of the note', () => {
    const html = '<h2>Labs</h2><table><caption>K</caption><tbody><tr><th scope="row">Day</th><td colspan="2">4</td></tr></tbody></table><img src="data:image/png;base64,AAAA" alt="x">';
    expect(sanitise(html)).toBe(html);
  });

  it('gives its text line by line for the summary', () => {
    expect(textOfHtml('<table><tr><th>Signed</th><td>today</td></tr><tr><td>a</td><td>b</td></tr></table>')).toBe('Signed: today\na  b');
    expect(textOfHtml('<h2>Follow-up</h2><ul><li>PCP <b>soon</b></li><li>Labs</li></ul><p>One<br>two</p>')).toBe('## Follow-up\n- PCP soon\n- Labs\nOne\ntwo');
  });
});
