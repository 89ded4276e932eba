import { dateText, dateTimeText, distance } from '../format/date';
import { usePage } from './context';

/** A date with its distance beside it: "3 Nov 2026 (12 days ago)". */
export function When({ date, time, stacked }: { date: string | undefined; time?: boolean; stacked?: boolean }) {
  const { now } = usePage();
  if (!date) return <span class="muted">Date not known</span>;
  const far = distance(date, now);
  return (
    <span class="when">
      <time dateTime={date}>{time ? dateTimeText(date) : dateText(date)}</time>
      {stacked && ' '}
      {far && (stacked ? <span class="sub">{far}</span> : <span class="muted"> ({far})</span>)}
    </span>
  );
}
