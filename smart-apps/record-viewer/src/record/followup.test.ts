import { describe, expect, it } from 'vitest';
import { planIn } from './followup';

describe('what a note says of the next steps', () => {
  it('is the follow-up section, line by line, without bullets and numbers', () => {
    const plan = planIn('COURSE\nFine.\n\nFOLLOW-UP\n1. See Dr. Lopez in 2 days:\n- check weight\n* repeat potassium\n\nRETURN PRECAUTIONS\nFever.\n\nSIGNED\nDr. Chen');
    expect(plan?.next).toEqual({ heading: 'Follow-up', lines: ['See Dr. Lopez in 2 days:', 'Check weight', 'Repeat potassium'] });
    expect(plan?.warning).toEqual({ heading: 'Return precautions', lines: ['Fever.'] });
  });

  it.each([
    ['Follow-up: PCP in two days', ['PCP in two days']],
    ['Plan: continue phototherapy', ['Continue phototherapy']],
    ['## Recommendations\nStart fluticasone.', ['Start fluticasone.']],
    ['## Plan of care note\nPatient: Elijah\n## What we wait for\n- Cultures', ['Cultures']],
    ['ASSESSMENT AND PLAN\n- Fluids', ['Fluids']],
    ['Appointments\n- Dr. Ellis in 3 days', ['Dr. Ellis in 3 days']],
    ['DISCHARGE INSTRUCTIONS:\nDrink.', ['Drink.']],
  ])('%j', (text, lines) => expect(planIn(text)?.next?.lines).toEqual(lines));

  it('is what the hospital asks of the reader, before all', () => {
    const plan = planIn('FOLLOW-UP\nClinic.\n\nFOR THE PRIMARY CARE CLINICIAN\n- Repeat CRP');
    expect(plan?.forYou?.lines).toEqual(['Repeat CRP']);
    expect(plan?.next?.lines).toEqual(['Clinic.']);
  });

  it('goes on over lines that only look like headings, and over wrapped bullets', () => {
    const plan = planIn('## For the primary care clinician\nWhat to watch: a second fever, or pain on the right side, would raise the question\nof an effusion.\n## Follow-up\n• PCR pending: if detected, Dr. Mercer calls the family\nand Dr. Ellis\n• Vaccine');
    expect(plan?.forYou?.lines).toEqual(['What to watch: a second fever, or pain on the right side, would raise the question of an effusion.']);
    expect(plan?.next?.lines).toEqual(['PCR pending: if detected, Dr. Mercer calls the family and Dr. Ellis', 'Vaccine']);
  });

  it('prefers the follow-up to the plan, wherever they stand', () => {
    expect(planIn('PLAN\nContinue.\n\nFOLLOW UP\nClinic.')?.next?.lines).toEqual(['Clinic.']);
  });

  it('joins lines that a typewriter wrapped', () => {
    expect(planIn('FOLLOW-UP\nSee the clinic in four weeks with\nall inhalers')?.next?.lines).toEqual(['See the clinic in four weeks with all inhalers']);
  });

  it('is nothing when the note says nothing, and short when the note is long', () => {
    expect(planIn('Just a sentence about the follow-up of things.')).toBeUndefined();
    const long = planIn(`FOLLOW-UP\n${Array.from({ length: 30 }, (_, n) => `- Item ${n}`).join('\n')}`);
    expect(long?.next?.lines.length).toBeLessThan(12);
    expect(long?.next?.lines.at(-1)).toBe('…');
  });
});
