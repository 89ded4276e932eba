import { conceptText } from '../format/concept';
import { when } from '../format/date';
import { isPending, reportedAt, shortName } from '../record/results';
import { useFeed, usePage } from '../ui/context';
import { When } from '../ui/When';

/** Reports that are ordered or in work: what to wait for. */
export function PendingList() {
  const { store } = usePage();
  const pending = useFeed(store.reports)
    .items.filter(isPending)
    .sort((a, b) => when(reportedAt(b)) - when(reportedAt(a)));
  if (!pending.length) return null;
  return (
    <div class="pending">
      <h3>Still to come</h3>
      <ul class="short-list">
        {pending.map((one) => (
          <li key={one.id}>
            <strong>{shortName(conceptText(one.code) ?? 'Result')}</strong>, {one.status === 'registered' ? 'pending' : 'preliminary'}, taken{' '}
            <When date={reportedAt(one)} />
          </li>
        ))}
      </ul>
    </div>
  );
}
