// The portal works without this file. It fetches the parts of a page that wait for the hospital's system, and keeps a form from
// being sent twice.
(() => {
  'use strict';

  // A part: <section data-part="/address" aria-busy="true">. What is inside until then is a skeleton and, without script, a link.
  const load = async (part) => {
    part.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(part.dataset.part, { headers: { 'X-Fragment': '1' }, credentials: 'same-origin' });
      // The session is over: asking for the whole page leads to sign-in and back here.
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      part.innerHTML = await answer.text();
    } catch {
      const failed = part.querySelector('template[data-failed]');
      const copy = (failed || document.getElementById('part-failed'))?.content.cloneNode(true);
      if (copy) part.replaceChildren(copy);
    }
    part.setAttribute('aria-busy', 'false');
    const said = part.querySelector('[data-say]')?.dataset.say;
    const live = document.getElementById('live');
    if (said && live) live.textContent = said;
  };

  document.querySelectorAll('[data-part]').forEach(load);

  document.addEventListener('click', (event) => {
    const again = event.target.closest('[data-again]');
    if (!again) return;
    event.preventDefault();
    const part = again.closest('[data-part]');
    if (part) load(part).then(() => part.focus?.());
  });

  document.addEventListener('submit', (event) => {
    const form = event.target;
    // A form whose answer may be a file leaves the page standing, and changes nothing however often it is sent.
    if ('repeatable' in form.dataset) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = 'yes';
    setTimeout(() => delete form.dataset.sent, 3000);
  });

  // Back from the record: the page may be restored from memory with a form still marked as sent.
  window.addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach((f) => delete f.dataset.sent));

  // An invitation's QR code has the token in the fragment, which no server sees. It goes into its field and out of the address.
  const token = document.querySelector('input[data-from-fragment]');
  if (token && location.hash.length > 1) {
    if (!token.value) token.value = location.hash.slice(1, 65);
    history.replaceState(null, '', location.pathname + location.search);
  }

  const wrong = document.querySelector('.error-summary');
  if (wrong) wrong.focus();
})();
