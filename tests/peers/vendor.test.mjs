// The developer pages, taken at their word: what they print is saved and run, and nothing else is known of the server.
// row 253: curl, Python and JavaScript get a token by an assertion; rows 48, 57, 73, 101: an app launches and refreshes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { demo, mrn, patientOf, provider } from './lib/demo.mjs';
import { Person } from './lib/person.mjs';

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', '#34': '"', '#39': "'", '#x27': "'", '#38': '&', '#60': '<', '#62': '>' };
const text = (html) => html.replace(/&([#\w]+);/g, (all, name) => entities[name] ?? all);

/** The blocks of code of a page, by the label that a screen reader speaks. */
async function blocks(path) {
  const answer = await fetch(demo.portal + path);
  assert.equal(answer.status, 200, path);
  const found = [...(await answer.text()).matchAll(/<pre class="block"[^>]*aria-label="([^"]*)"[^>]*><code>([\s\S]*?)<\/code><\/pre>/g)];
  return Object.fromEntries(found.map(([, label, code]) => [text(label), text(code)]));
}

const folder = mkdtempSync(join(tmpdir(), 'chartgate-vendor-'));
const venv = new URL('../.venv/bin', import.meta.url).pathname;
let printed;
before(async () => {
  // The demo's folder under the name that the pages give it.
  symlinkSync(process.env.CHARTGATE_DEMO_DATA, join(folder, 'demo'));
  printed = await blocks('/developers/examples');
});
after(() => rmSync(folder, { recursive: true }));

/** Runs lines of a shell as a vendor would who pasted them; `heard` is called with all that was printed so far. */
function shell(lines, heard = () => {}) {
  const env = { ...process.env, PATH: `${venv}:${process.env.PATH}` };
  const child = spawn('bash', ['-euo', 'pipefail', '-c', lines], { cwd: folder, env });
  const said = { out: '', err: '' };
  child.stderr.on('data', (piece) => (said.err += piece));
  child.stdout.on('data', (piece) => {
    said.out += piece;
    heard(said.out, child);
  });
  return new Promise((resolve, reject) => {
    child.on('close', (status) => (status === 0 ? resolve(said.out) : reject(new Error(`exit ${status}: ${said.err}${said.out}`))));
  });
}

test('the first 200, as the page begins', async () => {
  const start = await blocks('/developers/start');
  const said = await shell(start['Run the first example']);
  const bundle = JSON.parse(said.slice(said.indexOf('{')));
  assert.equal(bundle.entry[0].resource.resourceType, 'Patient');
  assert.equal(bundle.total, 1);
});

for (const file of ['backend-services.sh', 'backend_services.py', 'backend-services.mjs']) {
  test(`${file} runs as printed`, async () => {
    const source = readFileSync(new URL(`../../examples/vendor/${file}`, import.meta.url), 'utf8');
    assert.equal(printed[file], source.replace(/\r/g, ''), 'the page prints the file');
    writeFileSync(join(folder, `pasted-${file}`), printed[file]);
    const run = printed[`Fetch and run ${file}`];
    const said = await shell(`${printed['Variables of a system in the demo']}\n${run}`);
    assert.match(said, /granted: system\/Patient\.rs system\/Observation\.rs/);
    assert.match(said, /patient: p\d+ \w+ \d{4}-\d\d-\d\d|"resourceType":"Patient"/);
    const pasted = await shell(`${printed['Variables of a system in the demo']}\n${run.split('\n')[1].replace(file, `pasted-${file}`)}`);
    assert.match(pasted, /granted: /, 'pasting is as good as fetching');
  });
}

for (const file of ['app.sh', 'app.py', 'app.mjs']) {
  test(`${file} launches, reads and refreshes as printed`, async () => {
    const person = new Person(demo.portal, provider, mrn);
    let arrived;
    const said = await shell(`${printed['Variables of an app in the demo']}\n${printed[`Fetch and run ${file}`]}`, (out, child) => {
      const address = /^http\S*\/oauth\/authorize\?\S+$/m.exec(out)?.[0];
      if (!address || arrived || (file === 'app.sh' && !out.includes('Paste it here'))) return;
      arrived = person.authorize(address).then((callback) => (file === 'app.sh' ? child.stdin.end(`${callback}\n`) : fetch(callback)));
      arrived.catch((error) => { child.kill(); throw error; });
    });
    await arrived;
    assert.match(said, /granted: .*patient\/Patient\.rs/);
    assert.ok(said.includes(patientOf(mrn).id), 'the patient who was picked');
    assert.match(said, /refreshed: .*patient\/Patient\.rs/);
  });
}
