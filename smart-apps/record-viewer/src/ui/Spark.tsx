import { when } from '../format/date';
import { normalRange } from '../format/quantity';
import { takenAt, type Series } from '../record/results';

const WIDTH = 96;
const HEIGHT = 24;
const PAD = 3;
const MOST = 24;

/** The run of the values, with the normal range as a band. A drawing beside the words, so hidden from readers of words. */
export function Spark({ series }: { series: Series }) {
  const points = series.all
    .slice(0, MOST)
    .map((one) => ({ x: when(takenAt(one)), y: one.valueQuantity?.value }))
    .filter((point): point is { x: number; y: number } => point.y !== undefined && Number.isFinite(point.x))
    .reverse();
  if (points.length < 2) return <span class="spark" aria-hidden="true" />;
  const range = normalRange(series.latest.referenceRange);
  const low = range?.low?.value;
  const high = range?.high?.value;
  const ys = points.map((point) => point.y);
  const limits = [low, high].filter((one): one is number => one !== undefined);
  const bottom = Math.min(...ys, ...limits);
  const top = Math.max(...ys, ...limits);
  const first = points[0]?.x ?? 0;
  const last = points.at(-1)?.x ?? 1;
  const x = (value: number) => PAD + ((value - first) / (last - first || 1)) * (WIDTH - 2 * PAD);
  const y = (value: number) => HEIGHT - PAD - ((value - bottom) / (top - bottom || 1)) * (HEIGHT - 2 * PAD);
  const bandTop = y(high ?? top);
  const bandBottom = y(low ?? bottom);
  const end = points.at(-1);
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      {limits.length > 0 && <rect class="spark-band" x="0" y={bandTop} width={WIDTH} height={Math.max(bandBottom - bandTop, 1)} />}
      <polyline class="spark-line" points={points.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(' ')} />
      {end && <circle class={series.flag ? 'spark-end spark-end-flag' : 'spark-end'} cx={x(end.x)} cy={y(end.y)} r="2.500" />}
    </svg>
  );
}
