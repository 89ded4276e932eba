// Starts `chartgate demo` for a test and stops it afterwards.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const binary = process.env.CHARTGATE ?? 'target/debug/chartgate';

/** Starts the demo on free ports; resolves with what it printed (`portal`, `users`, `patients`, ...) and `stop`. */
export const startDemo = async (options = []) => {
  // CHARTGATE_DEMO_JSON: a demo that runs already, for work on the tests themselves; its JSON is in the file named there.
  if (process.env.CHARTGATE_DEMO_JSON) {
    const { readFile } = await import('node:fs/promises');
    return { ...JSON.parse((await readFile(process.env.CHARTGATE_DEMO_JSON, 'utf8')).split('\n')[0]), stop: async () => {} };
  }
  const child = spawn(binary, ['demo', '--json', '--port', '0', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data) => { errors = (errors + data).slice(-4000); });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const line = new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  const early = ended.then((code) => { throw new Error(`the demo ended with ${code}: ${errors}`); });
  early.catch(() => {});
  const slow = new Promise((_, reject) => setTimeout(() => reject(new Error(`the demo is not ready: ${errors}`)), 120_000).unref());
  const said = JSON.parse(await Promise.race([line, early, slow]));
  const stop = async () => { child.kill('SIGTERM'); await ended; };
  return { ...said, stop };
};
