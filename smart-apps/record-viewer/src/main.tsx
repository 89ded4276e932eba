import { render } from 'preact';
import { App } from './App';
import { RecordStore } from './record/store';
import { NoSession, openSession, recallPlace } from './session/smart';
import './styles/index.css';
import { TABS } from './ui/context';
import { StartPage } from './views/StartPage';

const root = document.getElementById('app') as HTMLElement;

/** Back to the tab where the session ended. */
function returnToPlace(): void {
  const place = recallPlace();
  if (TABS.some((tab) => tab === place?.tab)) history.replaceState(null, '', `${location.pathname}#${place?.tab}`);
}

async function start(): Promise<void> {
  let ended = false;
  let show: () => void = () => undefined;
  const session = await openSession(() => {
    ended = true;
    show();
  });
  returnToPlace();
  const store = new RecordStore(session.tokens, session.patientId);
  show = () => render(<App store={store} encounterId={session.encounterId} ended={ended} resume={session.resume()} />, root);
  store.load();
  show();
}

start().catch((error: unknown) => {
  render(<StartPage problem={error instanceof NoSession ? error.problem : 'failed'} />, root);
});
