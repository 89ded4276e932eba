import type { DiagnosticReport, Encounter, Observation } from 'fhir/r4';
import { anyCode, conceptKey, conceptText } from '../format/concept';
import { when } from '../format/date';
import { observationText, unitText } from '../format/quantity';
import { localKey, pointsTo } from '../fhir/reference';
import { flagOf, type Flag } from './flags';
import { duringContact } from './latest';

/** One test over time, newest first. */
export interface Series {
  key: string;
  name: string;
  unit: string;
  all: Observation[];
  latest: Observation;
  flag?: Flag;
}

export interface Panel {
  key: string;
  name: string;
  series: Series[];
}

export function takenAt(observation: Observation): string | undefined {
  return (
    observation.effectiveDateTime ??
    observation.effectiveInstant ??
    observation.effectivePeriod?.end ??
    observation.effectivePeriod?.start ??
    observation.issued
  );
}

export function reportedAt(report: DiagnosticReport): string | undefined {
  return report.effectiveDateTime ?? report.effectivePeriod?.end ?? report.effectivePeriod?.start ?? report.issued;
}

const PENDING = ['registered', 'partial', 'preliminary'];
const VOID = ['entered-in-error', 'cancelled', 'unknown'];

export function counts(one: Observation | DiagnosticReport): boolean {
  return !VOID.includes(one.status);
}

export function isPending(one: Observation | DiagnosticReport): boolean {
  return PENDING.includes(one.status);
}

export function isLaboratory(report: DiagnosticReport): boolean {
  return anyCode(report.category, 'LAB', 'laboratory', 'HM', 'CH', 'MB', 'SR', 'BLB');
}

/** Results with a value as series, one for each test and unit. */
export function seriesOf(observations: readonly Observation[]): Series[] {
  const groups = new Map<string, Observation[]>();
  for (const one of observations) {
    if (!counts(one) || observationText(one) === undefined) continue;
    const unit = one.valueQuantity?.code ?? one.valueQuantity?.unit ?? '';
    const key = `${conceptKey(one.code) ?? 'unnamed'} ${unit}`;
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups].map(([key, group]) => series(key, group));
}

function series(key: string, group: Observation[]): Series {
  const all = [...group].sort((a, b) => when(takenAt(b)) - when(takenAt(a)));
  const latest = all[0] as Observation;
  return { key, name: testName(latest), unit: unitText(latest.valueQuantity), all, latest, flag: flagOf(latest) };
}

/** LOINC's long names say specimen and method; beside a panel's name that is noise: "Sodium [Moles/volume] in Serum or Plasma". */
export function testName(observation: Pick<Observation, 'code'>): string {
  return shortName(conceptText(observation.code) ?? 'Test not named');
}

export function shortName(name: string): string {
  const short = name
    .replace(/\s*\[[^\]]*\]/g, '')
    .replace(/\s+in (?:Serum|Plasma|Blood|Urine|Capillary|Arterial|Venous|Serum, Plasma)\b.*$/i, '')
    .replace(/\s+by (?:Automated count|Test strip|Manual count)\b.*$/i, '')
    .replace(/\s+-\s+(?:Serum|Plasma|Blood)\b.*$/i, '');
  return short.trim() || name;
}

/** Tests under the panel in which they were last reported; what no report lists comes at the end. */
export function panelsOf(observations: readonly Observation[], reports: readonly DiagnosticReport[]): Panel[] {
  const home = new Map<string, { key: string; name: string; rank: number }>();
  const oldestFirst = [...reports].filter(counts).sort((a, b) => when(reportedAt(a)) - when(reportedAt(b)));
  for (const report of oldestFirst) {
    const panel = { key: conceptKey(report.code) ?? 'panel', name: shortName(conceptText(report.code) ?? 'Results') };
    for (const [rank, result] of (report.result ?? []).entries()) {
      const id = localKey(result.reference)?.replace('Observation/', '');
      if (id) home.set(id, { ...panel, rank });
    }
  }
  const panels = new Map<string, Panel>();
  const ranks = new Map<Series, number>();
  for (const one of seriesOf(observations)) {
    const found = one.all.map((result) => home.get(result.id ?? '')).find(Boolean) ?? { ...OTHER, rank: 0 };
    const panel = panels.get(found.key) ?? { key: found.key, name: found.name, series: [] };
    ranks.set(one, found.rank);
    panel.series.push(one);
    panels.set(found.key, panel);
  }
  // In the laboratory's order, which is the one that clinicians know.
  const byRank = (a: Series, b: Series) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0) || a.name.localeCompare(b.name, 'en');
  for (const panel of panels.values()) panel.series.sort(byRank);
  return gatherSingles([...panels.values()]).sort((a, b) => last(a, b) || newest(b) - newest(a) || a.name.localeCompare(b.name, 'en'));
}

const OTHER = { key: 'other', name: 'Single tests' };

/** A panel of one test needs no heading of its own. */
function gatherSingles(panels: Panel[]): Panel[] {
  const isSingle = (panel: Panel) => panel.series.length === 1 || panel.key === OTHER.key;
  const singles = panels.filter(isSingle).flatMap((panel) => panel.series);
  singles.sort((a, b) => when(takenAt(b.latest)) - when(takenAt(a.latest)) || a.name.localeCompare(b.name, 'en'));
  const panelsOfMany = panels.filter((panel) => !isSingle(panel));
  return singles.length ? [...panelsOfMany, { ...OTHER, series: singles }] : panelsOfMany;
}

function last(a: Panel, b: Panel): number {
  return Number(a.key === OTHER.key) - Number(b.key === OTHER.key);
}

function newest(panel: Panel): number {
  return Math.max(...panel.series.map((one) => when(takenAt(one.latest))));
}

/** One test that was abnormal during a contact. */
export interface AbnormalResult {
  /** Its worst value: the most extreme of the critical ones if there were any, else of the abnormal ones. */
  observation: Observation;
  flag: Flag;
  /** The last value of the contact, when that is another one. */
  last?: Observation;
}

export interface ResultsToKnow {
  /** Critical values first, then what was still abnormal at the end. */
  abnormal: AbnormalResult[];
  /** Abnormal for a while, not critical, and normal again at the end. */
  settled: AbnormalResult[];
  pending: (Observation | DiagnosticReport)[];
}

export function resultsOf(
  encounter: Encounter,
  observations: readonly Observation[],
  reports: readonly DiagnosticReport[],
  now: Date,
): ResultsToKnow {
  const inContact = (one: Observation | DiagnosticReport, at: string | undefined) =>
    pointsTo(one.encounter, 'Encounter', encounter.id) || (!one.encounter && duringContact(encounter, at, now));
  const mine = seriesOf(observations.filter((one) => inContact(one, takenAt(one))));
  const abnormal = mine.flatMap(worstOf);
  // Something still pending matters wherever it was ordered, as long as it is not older than this contact.
  const start = when(encounter.period?.start);
  const waiting = reports.filter((one) => isPending(one) && (inContact(one, reportedAt(one)) || when(reportedAt(one)) >= start));
  const listed = new Set(waiting.flatMap((one) => (one.result ?? []).map((result) => localKey(result.reference))));
  const single = observations.filter(
    (one) => isPending(one) && inContact(one, takenAt(one)) && !listed.has(`Observation/${one.id}`),
  );
  abnormal.sort((a, b) => order(b) - order(a) || when(takenAt(b.observation)) - when(takenAt(a.observation)));
  const settled = abnormal.filter((one) => !one.flag.critical && one.last && !flagOf(one.last));
  return { abnormal: abnormal.filter((one) => !settled.includes(one)), settled, pending: [...waiting, ...single] };
}

function worstOf(series: Series): AbnormalResult[] {
  const flagged = series.all.flatMap((observation) => {
    const flag = flagOf(observation);
    return flag ? [{ observation, flag }] : [];
  });
  const first = flagged.find((one) => one.flag.critical) ?? flagged[0];
  if (!first) return [];
  const worst = flagged.filter((one) => one.flag.shape === first.flag.shape && one.flag.critical === first.flag.critical).reduce(worse);
  return [worst.observation === series.latest ? worst : { ...worst, last: series.latest }];
}

/** The higher of two high values, the lower of two low ones; the newer where that says nothing. */
function worse<T extends { observation: Observation; flag: Flag }>(a: T, b: T): T {
  const [x, y] = [a.observation.valueQuantity?.value, b.observation.valueQuantity?.value];
  if (x === undefined || y === undefined || x === y || a.flag.shape === 'diamond') return a;
  return y > x === a.flag.shape.endsWith('up') ? b : a;
}

function order(one: AbnormalResult): number {
  const stillAbnormal = !one.last || flagOf(one.last) !== undefined;
  return Number(one.flag.critical) * 2 + Number(stillAbnormal);
}
