// A person at a browser: keeps cookies, signs in, picks a patient, consents. Reads our pages as HTML and knows nothing else of them.

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescape = (text) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (all, hex, decimal, name) =>
    hex ? String.fromCodePoint(parseInt(hex, 16)) : decimal ? String.fromCodePoint(Number(decimal)) : (entities[name] ?? all));

const attributes = (tag) =>
  Object.fromEntries(
    [...tag.matchAll(/([a-z-]+)(?:="([^"]*)")?/gi)].slice(1).map(([, name, value]) => [name.toLowerCase(), unescape(value ?? '')]));

/** The forms of a page: action, fields that a browser would send, and buttons with a name. */
export function forms(html) {
  return [...html.matchAll(/<form\b[^>]*>([\s\S]*?)<\/form>/gi)].map(([whole, inside]) => {
    const fields = [];
    for (const [tag] of inside.matchAll(/<input\b[^>]*>/gi)) {
      const { name, value = '', type = 'text', ...rest } = attributes(tag);
      if (name && (type !== 'checkbox' || 'checked' in rest)) fields.push([name, value]);
    }
    const buttons = [...inside.matchAll(/<button\b[^>]*>([\s\S]*?)<\/button>/gi)].map(([tag, label]) => {
      const { name, value = '' } = attributes(tag.slice(0, tag.indexOf('>') + 1));
      return { name, value, label: unescape(label.replace(/<[^>]+>/g, '')).trim() };
    });
    return { action: attributes(whole.slice(0, whole.indexOf('>') + 1)).action, fields, buttons };
  });
}

export class Person {
  #cookies = new Map();

  /** `user` is one of the demo's users; `mrn` the patient to pick when asked. */
  constructor(portal, user, mrn) {
    this.portal = new URL(portal);
    this.user = user;
    this.mrn = mrn;
    this.pages = [];
  }

  async #fetch(url, form) {
    const headers = { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    if (form) {
      headers['content-type'] = 'application/x-www-form-urlencoded';
      headers['sec-fetch-site'] = 'same-origin';
    }
    const body = form && new URLSearchParams(form).toString();
    const answer = await fetch(url, { method: form ? 'POST' : 'GET', headers, body, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      this.#cookies.set(name, value);
    }
    return answer;
  }

  /** Goes through our pages from `url` until the browser would leave for the app; returns that address. */
  async authorize(url) {
    let answer = await this.#fetch(url);
    for (let step = 0; step < 12; step += 1) {
      if (answer.status >= 300 && answer.status < 400) {
        const next = new URL(answer.headers.get('location'), this.portal);
        if (next.origin !== this.portal.origin) return next;
        answer = await this.#fetch(next);
        continue;
      }
      const html = await answer.text();
      const title = /<title>([\s\S]*?)<\/title>/i.exec(html)?.[1] ?? '';
      this.pages.push(title);
      const next = this.#answer(forms(html));
      if (!next) throw new Error(`stuck on a page (${answer.status} ${title}): ${html.replace(/<[^>]+>/g, ' ').slice(0, 1500)}`);
      answer = await this.#fetch(new URL(next.action, this.portal), next.fields);
    }
    throw new Error(`too many pages: ${this.pages.join(' > ')}`);
  }

  #answer(found) {
    const picks = found.flatMap((form) => form.buttons).filter((button) => button.name === 'patient');
    this.offered = new Set([...(this.offered ?? []), ...picks.map((button) => /MRN (\S+)/.exec(button.label)?.[1])]);
    const to = (path) => found.find((form) => form.action?.startsWith(path));
    const signIn = to('/sign-in');
    if (signIn) {
      const typed = { email: this.user.email, password: this.user.password };
      return { ...signIn, fields: signIn.fields.map(([name, value]) => [name, typed[name] ?? value]) };
    }
    for (const form of found.filter((f) => f.action === '/oauth/authorize/patient')) {
      const pick = form.buttons.find((button) => button.name === 'patient' && button.label.includes(this.mrn));
      if (pick) return { ...form, fields: [...form.fields, [pick.name, pick.value]] };
    }
    const search = found.find((form) => form.fields.some(([name]) => name === 'mrn'));
    if (search) return { ...search, fields: search.fields.map(([name, value]) => [name, name === 'mrn' ? this.mrn : value]) };
    const consent = to('/oauth/authorize/consent');
    return consent && { ...consent, fields: [...consent.fields, ['decision', 'allow']] };
  }
}
