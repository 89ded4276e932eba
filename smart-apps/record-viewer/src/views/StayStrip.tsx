import { instant } from '../format/date';
import { isStay, nights } from '../record/encounters';
import type { EncounterMark } from '../record/timeline';
import { usePage } from '../ui/context';

const WIDTH = 240;

/** A stay as a bar with its results and notes where they fell. Drawing only: the same is said in words beside it. */
export function StayStrip({ mark }: { mark: EncounterMark }) {
  const { now } = usePage();
  const start = instant(mark.encounter.period?.start)?.getTime();
  if ((nights(mark.encounter, now) ?? 0) < 1 || !isStay(mark.encounter) || start === undefined || mark.results.length + mark.notes.length === 0) return null;
  const end = instant(mark.encounter.period?.end)?.getTime() ?? now.getTime();
  const length = Math.max(end - start, 3_600_000);
  const at = (date: string | undefined) => {
    const time = instant(date)?.getTime() ?? start;
    return 6 + Math.min(1, Math.max(0, (time - start) / length)) * (WIDTH - 12);
  };
  return (
    <svg class="strip" viewBox={`0 0 ${WIDTH} 20`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="strip-bar" x="0" y="8" width={WIDTH} height="4" rx="2" />
      {mark.notes.map((one) => <rect key={one.key} class="strip-note" x={at(one.date) - 1.5} y="3" width="3" height="14" rx="1" />)}
      {mark.results.map((one) =>
        one.flags.length ? (
          <path key={one.key} class="strip-flag" d={`M${at(one.date)} 4l6 11h-12z`} />
        ) : (
          <circle key={one.key} class="strip-result" cx={at(one.date)} cy="10" r="4" />
        ),
      )}
    </svg>
  );
}
