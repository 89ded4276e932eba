import { dateText, dateTimeText, distance } from '../format/date';
import { usePage } from './context';

/** A date with its distance beside it: "3 Nov 2026 (12 days ago)". */
export function When({ date, time, bare }: { date: string | undefined; time?: boolean; bare?: boolean }) {
  const { now } = usePage();
  if (!date) return <span class="muted">Date not known</span>;
  const far = bare ? '' : distance(date, now);
  return (
    <span class="when">
      <time dateTime={date}>{time ? dateTimeText(date) : dateText(date)}</time>
      {far && <span class="muted"> ({far})</span>}
    </span>
  );
}
