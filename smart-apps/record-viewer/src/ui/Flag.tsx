import type { Flag, FlagShape } from '../record/flags';

const PATHS: Record<FlagShape, string> = {
  up: 'M6 2 11 10 1 10Z',
  down: 'M6 10 1 2 11 2Z',
  'double-up': 'M6 0 10.500 5.500 1.500 5.500Z M6 6 10.500 11.500 1.500 11.500Z',
  'double-down': 'M6 6 1.500 .5 10.500 .5Z M6 12 1.500 6.500 10.500 6.500Z',
  diamond: 'M6 .5 11.500 6 6 11.500 .5 6Z',
};

/** A shape and a word: neither needs colour to be understood. */
export function FlagMark({ flag }: { flag: Flag | undefined }) {
  if (!flag) return null;
  return (
    <span class={flag.critical ? 'flag flag-critical' : 'flag'}>
      <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
        <path d={PATHS[flag.shape]} />
      </svg>
      {flag.word}
    </span>
  );
}
