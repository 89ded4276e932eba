import { describe, expect, it } from 'vitest';
import { bestAttachment, isDischargeSummary, notesIn, notesOf, planNotes } from './notes';
import { blocksOf } from './plaintext';
import { document, encounter, NOW, report, text } from './fixtures.test-support';

describe('notes', () => {
  it('are documents and written reports, newest first, each attachment once', () => {
    const shared = { presentedForm: [{ contentType: 'application/pdf', url: 'Binary/x' }], category: [text('', 'RAD')] };
    const notes = notesOf(
      [document('a', 'Progress note', '2026-11-08'), document('x', 'Chest X-ray', '2026-11-10', undefined)],
      [report('r', 'Chest X-ray', '2026-11-10', [], shared), report('s', 'Ultrasound', '2026-11-09', [], { category: [text('', 'RAD')], conclusion: 'Normal.' }), report('l', 'CBC', '2026-11-09', [])],
    );
    expect(notes.map((one) => one.key)).toEqual(['DocumentReference/x', 'DiagnosticReport/s', 'DocumentReference/a']);
  });

  it('leave out what is superseded or in error', () => {
    expect(notesOf([document('a', 'x', '2026-11-08', undefined, { status: 'superseded' }), document('b', 'x', '2026-11-08', undefined, { docStatus: 'entered-in-error' })], [])).toEqual([]);
  });

  it('belong to the contact that they name; by date when they name none', () => {
    const stay = encounter('adm', 'IMP', '2026-11-08', '2026-11-12');
    const named = notesOf([document('a', 'x', '2026-11-13', 'adm'), document('b', 'x', '2026-11-09', 'other')], []);
    expect(notesIn(stay, named, NOW).map((one) => one.source.id)).toEqual(['a']);
    const loose = notesOf([document('c', 'x', '2026-11-09'), document('d', 'x', '2026-11-19')], []);
    expect(notesIn(stay, loose, NOW).map((one) => one.source.id)).toEqual(['c']);
  });

  it('with a plan come in the order of what they promise', () => {
    const notes = notesOf([document('a', 'Progress note', '2026-11-12'), document('b', 'Discharge instructions', '2026-11-11'), document('c', 'Discharge summary', '2026-11-10')], []);
    expect(notes.filter(isDischargeSummary).map((one) => one.source.id)).toEqual(['c']);
    expect(planNotes(notes).map((one) => one.source.id)).toEqual(['c', 'b', 'a']);
  });

  it('are read as HTML before text before PDF', () => {
    const all = ['application/pdf', 'text/plain', 'text/html; charset=utf-8'].map((contentType) => ({ attachment: { contentType, url: `Binary/${contentType}` } }));
    const [note] = notesOf([document('a', 'x', '2026-11-08', undefined, { content: all })], []);
    expect(note && bestAttachment(note)?.contentType).toContain('html');
  });
});

describe('plain text', () => {
  it('becomes headings, paragraphs and lists, and wrapped lines one paragraph', () => {
    const line = 'She was given continuous albuterol, ipratropium and dexamethasone, then';
    expect(blocksOf(`HOSPITAL COURSE\n${line}\nweaned by the second day.\n\nPlan:\n- one\n- two`)).toEqual([
      { kind: 'heading', text: 'Hospital course' },
      { kind: 'paragraph', text: `${line} weaned by the second day.` },
      { kind: 'heading', text: 'Plan' },
      { kind: 'list', items: ['one', 'two'] },
    ]);
  });

  it('keeps short lines apart and columns as they were typed', () => {
    expect(blocksOf('Dr. Chen\nPager 7711')).toEqual([{ kind: 'paragraph', text: 'Dr. Chen\nPager 7711' }]);
    const table = 'Na     139   mmol/L\nK      4.0   mmol/L';
    expect(blocksOf(table)).toEqual([{ kind: 'verbatim', text: table }]);
  });
});
