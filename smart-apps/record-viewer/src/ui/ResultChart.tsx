import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Observation } from 'fhir/r4';
import { count, dateText, dateTimeText, when } from '../format/date';
import { normalRange, observationText, rangeText } from '../format/quantity';
import { flagOf } from '../record/flags';
import { takenAt, type Series } from '../record/results';

const HEIGHT = 220;

/** The values over time with the normal range as a band. Arrow keys walk along the values; the table has them all. */
export default function ResultChart({ series }: { series: Series }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const [at, setAt] = useState<number | undefined>();
  const points = pointsOf(series);
  const words = wordsOf(series, points);

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(options(element, series, points), dataOf(points), element);
    };
    draw();
    const resize = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      resize.disconnect();
      scheme.removeEventListener('change', draw);
      chart.current?.destroy();
    };
  }, [series]);

  const walk = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(points.length - 1, Math.max(0, (at ?? points.length) + step));
    setAt(next);
    const plot = chart.current;
    const point = points[next];
    if (plot && point) plot.setCursor({ left: plot.valToPos(point.x, 'x'), top: plot.valToPos(point.y, 'y') });
  };
  const chosen = at === undefined ? undefined : points[at];
  return (
    <figure class="chart">
      <div class="chart-box" ref={box} role="img" aria-label={words} tabIndex={0} onKeyDown={walk} />
      <figcaption aria-live="polite">{chosen ? pointWords(chosen.observation) : words}</figcaption>
    </figure>
  );
}

interface Point {
  x: number;
  y: number;
  observation: Observation;
}

function pointsOf(series: Series): Point[] {
  return series.all
    .map((observation) => ({ observation, x: when(takenAt(observation)) / 1000, y: observation.valueQuantity?.value }))
    .filter((point): point is Point => point.y !== undefined && Number.isFinite(point.x))
    .sort((a, b) => a.x - b.x);
}

function pointWords(observation: Observation): string {
  return `${dateTimeText(takenAt(observation))}: ${observationText(observation)}${flagOf(observation) ? `, ${flagOf(observation)?.word.toLowerCase()}` : ''}`;
}

function wordsOf(series: Series, points: Point[]): string {
  const range = rangeText(normalRange(series.latest.referenceRange));
  const first = points[0]?.observation;
  return [
    `${count(points.length, 'value')} from ${dateText(first && takenAt(first))} to ${dateText(takenAt(series.latest))}`,
    range && `normal range ${range} ${series.unit}`,
    'arrow keys read the values',
  ]
    .filter(Boolean)
    .join('; ');
}

function dataOf(points: Point[]): uPlot.AlignedData {
  return [points.map((one) => one.x), points.map((one) => one.y)];
}

function options(element: HTMLElement, series: Series, points: Point[]): uPlot.Options {
  const colour = (name: string) => getComputedStyle(element).getPropertyValue(name).trim();
  const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line') }, font: `12px ${getComputedStyle(element).fontFamily}` };
  const range = normalRange(series.latest.referenceRange);
  const limits = [range?.low?.value, range?.high?.value].filter((one): one is number => one !== undefined);
  const values = [...points.map((one) => one.y), ...limits];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = (high - low || Math.abs(high) || 1) * 0.1;
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: { x: { time: true }, y: { range: [low - pad, high + pad] } },
    axes: [{ ...axis, values: dateTicks, space: 90 }, { ...axis, size: 56 }],
    series: [
      {},
      { stroke: colour('--accent'), width: 2, points: { show: true, size: 8, fill: colour('--accent'), stroke: colour('--accent') } },
    ],
    hooks: {
      drawClear: [(plot) => drawBand(plot, range?.low?.value, range?.high?.value, colour('--band'))],
      draw: [(plot) => drawFlags(plot, points, colour('--ink'), colour('--soft'))],
    },
  };
}

function dateTicks(_: uPlot, splits: number[]): string[] {
  const days = ((splits.at(-1) ?? 0) - (splits[0] ?? 0)) / 86_400;
  return splits.map((at) => {
    const text = dateText(new Date(at * 1000));
    return days > 240 ? text.replace(/^\d+ /, '') : text.replace(/ \d{4}$/, '');
  });
}

/** What is out of the ordinary is marked by a shape as well, the one of its flag. */
function drawFlags(plot: uPlot, points: Point[], ink: string, page: string): void {
  const { ctx } = plot;
  const size = 6 * (uPlot.pxRatio || 1);
  ctx.save();
  ctx.fillStyle = ink;
  ctx.strokeStyle = page;
  for (const { x, y, observation } of points) {
    const flag = flagOf(observation);
    if (!flag) continue;
    const left = plot.valToPos(x, 'x', true);
    const top = plot.valToPos(y, 'y', true);
    const tip = flag.shape.endsWith('down') ? size : -size;
    ctx.beginPath();
    ctx.moveTo(left, top + tip);
    ctx.lineTo(left + size, flag.shape === 'diamond' ? top : top - tip);
    if (flag.shape === 'diamond') ctx.lineTo(left, top + size);
    ctx.lineTo(left - size, flag.shape === 'diamond' ? top : top - tip);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

function drawBand(plot: uPlot, low: number | undefined, high: number | undefined, colour: string): void {
  if (low === undefined && high === undefined) return;
  const { ctx, bbox } = plot;
  const top = high === undefined ? bbox.top : Math.max(plot.valToPos(high, 'y', true), bbox.top);
  const bottom = low === undefined ? bbox.top + bbox.height : Math.min(plot.valToPos(low, 'y', true), bbox.top + bbox.height);
  ctx.save();
  ctx.fillStyle = colour;
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  ctx.restore();
}
