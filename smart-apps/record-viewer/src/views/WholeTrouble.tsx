import { useFeed, usePage, type WholeState } from '../ui/context';
import { failureWords } from '../ui/words';

/** When nothing of the record comes: said once, with one way on. */
export function WholeTrouble({ state }: { state: WholeState }) {
  const { store } = usePage();
  const { failure } = useFeed(store.patient);
  if (state === 'slow') {
    return (
      <p class="note-line" role="status">
        Still waiting for the hospital’s system. The record comes in as it answers.
      </p>
    );
  }
  if (state !== 'failed' || !failure || failure.kind === 'session') return null;
  const { text, again } = failureWords(failure, 'The parts of this record');
  return (
    <div class="trouble" role="alert">
      <p>{text}</p>
      {again && (
        <button type="button" class="button-second" onClick={() => store.retry()}>
          Try again
        </button>
      )}
      {failure.requestId && <p class="request-id">Request {failure.requestId}</p>}
    </div>
  );
}
