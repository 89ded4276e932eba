import FHIR from 'fhirclient';
import './styles/index.css';
import { CLIENT_ID, CONTEXT, forgetSession, readPlace, recallPlace, SCOPE } from './session/smart';

/**
 * The launch page. With `iss` and `launch` it is an EHR launch from the portal; with `iss` alone, or with nothing at
 * all, a standalone launch at the portal that serves this app.
 */
async function launch(): Promise<void> {
  const parameters = new URLSearchParams(location.search);
  const iss = new URL(parameters.get('iss') ?? '../../fhir/r4', location.href);
  // This app belongs to one portal, and its content security policy lets it speak to no other.
  if (iss.origin !== location.origin) {
    say('This address belongs to another hospital’s portal. Open the record from the portal that you signed in to.');
    return;
  }
  forgetSession();
  // After the end of a session the way leads back to the same patient. A launch from the portal starts anew.
  const context = parameters.has('again') ? readPlace()?.context : (recallPlace(), undefined);
  const address = await FHIR.oauth2.authorize({
    clientId: CLIENT_ID,
    scope: SCOPE,
    iss: iss.href,
    launch: parameters.get('launch') ?? undefined,
    redirectUri: new URL('index.html', location.href).href,
    pkceMode: 'required',
    completeInTarget: true,
    noRedirect: true,
  });
  const next = new URL(address as string);
  if (context) next.searchParams.set(CONTEXT, context);
  location.replace(next.href);
}

function say(text: string): void {
  const main = document.getElementById('app');
  if (!main) return;
  const words = document.createElement('p');
  words.setAttribute('role', 'alert');
  words.textContent = text;
  const back = document.createElement('a');
  back.href = '../../';
  back.textContent = 'Go to the portal';
  main.replaceChildren(words, back);
  main.className = 'notice-page';
}

launch().catch(() => {
  const secure = window.isSecureContext
    ? 'The record could not be opened, because the portal did not answer as expected. Try again in a minute, from the portal.'
    : 'The record can only be opened over a secure connection (https).';
  say(secure);
});
