import type {
  AllergyIntolerance,
  CareTeam,
  Condition,
  DiagnosticReport,
  DocumentReference,
  Encounter,
  FhirResource,
  Immunization,
  MedicationRequest,
  Observation,
  Patient,
  Procedure,
} from 'fhir/r4';
import { Directory } from '../fhir/directory';
import { Feed } from '../fhir/feed';
import { FhirHttp, type Tokens } from '../fhir/http';
import { contentOf, type Content } from './content';
import { bestAttachment, type Note } from './notes';

/** One patient's record: a feed for each section, all loading at the same time, in memory only. */
export class RecordStore {
  readonly http: FhirHttp;
  readonly directory: Directory;
  readonly patient: Feed<Patient>;
  readonly encounters: Feed<Encounter>;
  readonly conditions: Feed<Condition>;
  readonly allergies: Feed<AllergyIntolerance>;
  readonly medications: Feed<MedicationRequest>;
  readonly labs: Feed<Observation>;
  readonly vitals: Feed<Observation>;
  readonly reports: Feed<DiagnosticReport>;
  readonly documents: Feed<DocumentReference>;
  readonly immunizations: Feed<Immunization>;
  readonly procedures: Feed<Procedure>;
  readonly careTeams: Feed<CareTeam>;

  constructor(
    tokens: Tokens,
    readonly patientId: string,
  ) {
    const id = encodeURIComponent(patientId);
    const http = new FhirHttp(tokens);
    const search = <T extends FhirResource>(type: T['resourceType'], more = '') =>
      new Feed<T>(http, { type, query: `${type}?patient=${id}${more}`, patientId });
    this.http = http;
    this.directory = new Directory(http);
    this.patient = new Feed<Patient>(http, { type: 'Patient', query: `Patient/${id}`, single: true, patientId });
    this.encounters = search<Encounter>('Encounter', '&_count=50');
    this.allergies = search<AllergyIntolerance>('AllergyIntolerance');
    this.medications = search<MedicationRequest>('MedicationRequest', '&_include=MedicationRequest:medication&_count=100');
    this.conditions = search<Condition>('Condition', '&_count=100');
    this.documents = search<DocumentReference>('DocumentReference', '&_count=50');
    this.reports = search<DiagnosticReport>('DiagnosticReport', '&_count=50');
    this.labs = search<Observation>('Observation', '&category=laboratory&_count=100');
    this.vitals = search<Observation>('Observation', '&category=vital-signs&_count=100');
    this.procedures = search<Procedure>('Procedure');
    this.immunizations = search<Immunization>('Immunization', '&_count=100');
    this.careTeams = search<CareTeam>('CareTeam');
  }

  /** In the order in which the first screen needs them. */
  feeds(): Feed<FhirResource>[] {
    const all: unknown[] = [
      this.patient,
      this.encounters,
      this.allergies,
      this.documents,
      this.medications,
      this.reports,
      this.labs,
      this.conditions,
      this.procedures,
      this.careTeams,
      this.vitals,
      this.immunizations,
    ];
    return all as Feed<FhirResource>[];
  }

  private readonly contents = new Map<string, Promise<Content | undefined>>();

  /** What a note says, fetched once. Undefined when it has no attachment. Fails like any request, and may then be asked again. */
  content(note: Note): Promise<Content | undefined> {
    let content = this.contents.get(note.key);
    if (!content) {
      const attachment = bestAttachment(note);
      content = attachment ? contentOf(this.http, attachment) : Promise.resolve(undefined);
      content.catch(() => this.contents.delete(note.key));
      this.contents.set(note.key, content);
    }
    return content;
  }

  load(): void {
    for (const feed of this.feeds()) void feed.load();
  }

  /** Tries every part again that failed: what was down for one was likely down for the others. */
  retry(): void {
    for (const feed of this.feeds()) if (feed.state.status === 'failed') void feed.load();
  }
}
