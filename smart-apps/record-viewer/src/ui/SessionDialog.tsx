import { useEffect, useRef } from 'preact/hooks';
import { rememberPlace } from '../session/smart';
import type { Tab } from './context';

/** The session is over. The page behind is covered, since somebody else may sit here now; the place is kept. */
export function SessionDialog({ tab, base, resume }: { tab: Tab; base: string; resume?: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const signIn = () => {
    rememberPlace({ tab, ...(resume ? { context: resume } : {}) });
    location.assign(`launch.html?iss=${encodeURIComponent(base)}&again`);
  };
  return (
    <dialog class="session-dialog" ref={dialog} aria-labelledby="session-heading" onCancel={(event) => event.preventDefault()}>
      <h2 id="session-heading">Your session has ended</h2>
      <p>Sign in again and you come back to this place. Nothing is lost: the record is only read here.</p>
      <p class="latest-buttons">
        <button type="button" class="button" onClick={signIn}>
          Sign in again
        </button>
        <a class="button-second" href="../../">
          Go to the portal
        </a>
      </p>
    </dialog>
  );
}
