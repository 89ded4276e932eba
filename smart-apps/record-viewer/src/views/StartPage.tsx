import type { LaunchProblem } from '../session/smart';

const WORDS: Record<LaunchProblem, { title: string; text: string }> = {
  'not-launched': {
    title: 'No record is open',
    text: 'Records are opened from the portal. Find your patient there, then open the record.',
  },
  refused: {
    title: 'The record was not opened',
    text: 'You chose not to let the record viewer read this record. You can open it again from the portal.',
  },
  'no-patient': {
    title: 'No patient was chosen',
    text: 'The portal did not say whose record to open. Find your patient there, then open the record.',
  },
  failed: {
    title: 'The record could not be opened',
    text: 'Signing in did not finish: it may have taken too long, or the page was opened twice. Try again from the portal.',
  },
};

/** When there is no session: what happened, and the one way on. */
export function StartPage({ problem }: { problem: LaunchProblem }) {
  const { title, text } = WORDS[problem];
  return (
    <main class="notice-page">
      <h1>{title}</h1>
      <p>{text}</p>
      <p class="latest-buttons">
        <a class="button" href="../../">
          Go to the portal
        </a>
        {problem !== 'not-launched' && (
          <a class="button-second" href="launch.html">
            Choose a patient
          </a>
        )}
      </p>
    </main>
  );
}

/** The patient is out of reach: the same words whether the record does not exist or is not theirs to see. */
export function NoRecord() {
  return (
    <main class="notice-page">
      <h1>This record isn’t available to you</h1>
      <p>You may not have access to it any more, or it has moved. The portal shows which records you can open and how to ask for access.</p>
      <p class="latest-buttons">
        <a class="button" href="../../">
          Go to the portal
        </a>
      </p>
    </main>
  );
}
