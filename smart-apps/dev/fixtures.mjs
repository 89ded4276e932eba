// Hand-written records for looking at the viewer and for its browser tests. Dates are relative to `now`.
import { pdf } from './pdf.mjs';

const LOINC = 'http://loinc.org';
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const ROLE = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const DAY = 86_400_000;

export function fixtures(now = new Date()) {
  const at = (days, hour = 9, minute = 0) => {
    const date = new Date(now.getTime() + days * DAY);
    date.setHours(hour, minute, 0, 0);
    return date.toISOString();
  };
  const day = (days) => at(days, 12).slice(0, 10);
  const all = [...directory(), ...mia(at, day), ...newborn(at, day), ...bare(day), ...long(at, day)];
  return all;
}

const ref = (type, id, display) => ({ reference: `${type}/${id}`, ...(display ? { display } : {}) });
const concept = (text, code, system) => ({ text, ...(code ? { coding: [{ system, code, display: text }] } : {}) });
const category = (code, system = 'http://terminology.hl7.org/CodeSystem/observation-category') => [{ coding: [{ system, code }] }];
const base64 = (text) => Buffer.from(text).toString('base64');

function directory() {
  const person = (id, given, family, phone, specialty, rolePhone) => [
    {
      resourceType: 'Practitioner',
      id,
      name: [{ use: 'official', family, given: [given], prefix: ['Dr.'] }],
      telecom: [{ system: 'phone', value: phone, use: 'work' }, { system: 'email', value: `${id}@hospital.example`, use: 'work' }],
    },
    {
      resourceType: 'PractitionerRole',
      id: `role-${id}`,
      active: true,
      practitioner: ref('Practitioner', id),
      organization: ref('Organization', specialty === 'Paediatrics' ? 'practice' : 'hospital'),
      specialty: [concept(specialty)],
      ...(rolePhone ? { telecom: rolePhone } : {}),
    },
  ];
  return [
    { resourceType: 'Organization', id: 'hospital', name: 'Lakeside Children’s Hospital', telecom: [{ system: 'phone', value: '555-010-2000' }] },
    { resourceType: 'Organization', id: 'practice', name: 'Elm Street Pediatrics', telecom: [{ system: 'phone', value: '5550103000' }] },
    { resourceType: 'Location', id: '5w', name: '5 West, General Pediatrics', telecom: [{ system: 'phone', value: '5550102055' }] },
    { resourceType: 'Location', id: 'nicu', name: 'Neonatal Intensive Care', telecom: [{ system: 'phone', value: '5550102070' }] },
    ...person('chen', 'Sarah', 'Chen', '+1 555 010 2011', 'Hospital medicine', [{ system: 'pager', value: '555-010-7711' }]),
    ...person('hill', 'Marcus', 'Hill', '5550102012', 'Pediatric pulmonology'),
    ...person('okafor', 'Ngozi', 'Okafor', '(555) 010-2013 x204', 'Emergency medicine'),
    ...person('lopez', 'Ana', 'Lopez', '5550103001', 'Paediatrics'),
    ...person('brandt', 'Ilse', 'Brandt', '5550102070', 'Neonatology'),
  ];
}

function patient(id, given, family, birthDate, gender, mrn, more = {}) {
  return {
    resourceType: 'Patient',
    id,
    identifier: [{ type: { coding: [{ code: 'MR' }] }, system: 'urn:oid:1.2.3', value: mrn }],
    name: [{ use: 'official', family, given: [given] }],
    birthDate,
    gender,
    generalPractitioner: [ref('Practitioner', 'lopez')],
    ...more,
  };
}

function encounter(id, who, code, status, period, reason, more = {}) {
  return {
    resourceType: 'Encounter',
    id,
    status,
    class: { system: ACT, code },
    subject: ref('Patient', who),
    period,
    ...(reason ? { reasonCode: [concept(reason)] } : {}),
    serviceProvider: ref('Organization', 'hospital'),
    ...more,
  };
}

const staff = (code, id) => ({ type: [{ coding: [{ system: ROLE, code }] }], individual: ref('Practitioner', id) });

function lab(id, who, enc, when, [name, loinc], value, unit, low, high, more = {}) {
  return {
    resourceType: 'Observation',
    id,
    status: 'final',
    category: category('laboratory'),
    code: concept(name, loinc, LOINC),
    subject: ref('Patient', who),
    ...(enc ? { encounter: ref('Encounter', enc) } : {}),
    effectiveDateTime: when,
    valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code: unit },
    referenceRange: [{ ...(low === undefined ? {} : { low: { value: low, unit } }), ...(high === undefined ? {} : { high: { value: high, unit } }) }],
    ...more,
  };
}

function report(id, who, enc, when, [name, loinc], results, more = {}) {
  return {
    resourceType: 'DiagnosticReport',
    id,
    status: 'final',
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'LAB' }] }],
    code: concept(name, loinc, LOINC),
    subject: ref('Patient', who),
    ...(enc ? { encounter: ref('Encounter', enc) } : {}),
    effectiveDateTime: when,
    issued: when,
    result: results.map((one) => ref('Observation', one)),
    ...more,
  };
}

function note(id, who, enc, when, [title, loinc], author, contentType, content) {
  return [
    {
      resourceType: 'DocumentReference',
      id,
      status: 'current',
      docStatus: 'final',
      type: concept(title, loinc, LOINC),
      category: [{ coding: [{ code: 'clinical-note' }] }],
      subject: ref('Patient', who),
      date: when,
      author: [ref('Practitioner', author)],
      content: [{ attachment: { contentType, url: `Binary/${id}`, title } }],
      context: { encounter: [ref('Encounter', enc)] },
    },
    { resourceType: 'Binary', id, contentType, data: Buffer.isBuffer(content) ? content.toString('base64') : base64(content) },
  ];
}

function order(id, who, enc, name, sig, status, authoredOn, prescriber, more = {}) {
  return {
    resourceType: 'MedicationRequest',
    id,
    status,
    intent: 'order',
    category: [{ coding: [{ code: 'community' }] }],
    medicationCodeableConcept: concept(name),
    subject: ref('Patient', who),
    ...(enc ? { encounter: ref('Encounter', enc) } : {}),
    authoredOn,
    requester: ref('Practitioner', prescriber),
    dosageInstruction: [{ text: sig }],
    ...more,
  };
}

const condition = (id, who, text, kind, onset, more = {}) => ({
  resourceType: 'Condition',
  id,
  clinicalStatus: { coding: [{ code: 'active', display: 'Active' }] },
  verificationStatus: { coding: [{ code: 'confirmed' }] },
  category: [{ coding: [{ code: kind }] }],
  code: concept(text),
  subject: ref('Patient', who),
  onsetDateTime: onset,
  ...more,
});

const CRP = ['C reactive protein [Mass/volume] in Serum or Plasma', '1988-5'];
const HB = ['Hemoglobin [Mass/volume] in Blood', '718-7'];
const WBC = ['Leukocytes [#/volume] in Blood by Automated count', '6690-2'];
const PLT = ['Platelets [#/volume] in Blood by Automated count', '777-3'];
const K = ['Potassium [Moles/volume] in Serum or Plasma', '2823-3'];
const NA = ['Sodium [Moles/volume] in Serum or Plasma', '2951-2'];
const CBC = ['CBC panel - Blood by Automated count', '58410-2'];
const BMP = ['Basic metabolic panel', '51990-0'];

const SUMMARY = `DISCHARGE SUMMARY

REASON FOR ADMISSION
Acute asthma exacerbation with hypoxia.

HOSPITAL COURSE
Mia came through the emergency department with a second day of wheeze and an oxygen saturation of 89 % in room air. She
was given continuous albuterol, ipratropium and dexamethasone, then weaned to every four hours by the second day. Potassium
was 2.9 mmol/L on the first day, attributed to albuterol, and normal after replacement.

MEDICATIONS
Started fluticasone; albuterol as needed went up to four puffs; montelukast stopped.

FOLLOW-UP
1. See Dr. Lopez within 2 to 3 days: check work of breathing and inhaler technique.
2. Repeat potassium at that visit.
3. Pediatric pulmonology in four weeks; the appointment is made.
4. Respiratory virus panel is still pending; the hospital will call with the result.

RETURN PRECAUTIONS
Come back for trouble breathing, albuterol more often than every four hours, or no wet diaper in eight hours.
`;

function mia(at, day) {
  const p = 'mia';
  const cbc = (n, days, enc, hb, wbc, plt) => [
    lab(`hb${n}`, p, enc, at(days, 7), HB, hb, 'g/dL', 11.5, 14.5),
    lab(`wbc${n}`, p, enc, at(days, 7), WBC, wbc, '10*3/uL', 5, 14.5),
    lab(`plt${n}`, p, enc, at(days, 7), PLT, plt, '10*3/uL', 150, 400),
    report(`cbc${n}`, p, enc, at(days, 7), CBC, [`hb${n}`, `wbc${n}`, `plt${n}`]),
  ];
  const bmp = (n, days, enc, k, na, more = {}) => [
    lab(`k${n}`, p, enc, at(days, 8), K, k, 'mmol/L', 3.4, 4.7, more),
    lab(`na${n}`, p, enc, at(days, 8), NA, na, 'mmol/L', 134, 143),
    report(`bmp${n}`, p, enc, at(days, 8), BMP, [`k${n}`, `na${n}`]),
  ];
  const critical = { interpretation: [{ coding: [{ code: 'LL', display: 'Critical low' }] }] };
  return [
    patient(p, 'Mia', 'Rivera', day(-1530), 'female', '10048823', { multipleBirthInteger: 2 }),
    encounter('mia-adm', p, 'IMP', 'finished', { start: at(-12, 22, 40), end: at(-8, 14) }, 'Acute asthma exacerbation', {
      location: [{ location: ref('Location', '5w'), status: 'completed' }],
      participant: [staff('ATND', 'chen'), staff('CON', 'hill'), staff('ADM', 'okafor'), staff('DIS', 'chen')],
      hospitalization: { dischargeDisposition: concept('Home') },
      diagnosis: [{ condition: ref('Condition', 'mia-dx1'), rank: 1 }, { condition: ref('Condition', 'mia-dx2'), rank: 2 }],
      serviceType: concept('General pediatrics'),
    }),
    encounter('mia-ed', p, 'EMER', 'finished', { start: at(-12, 18, 5), end: at(-12, 22, 40) }, 'Wheezing', {
      participant: [staff('ATND', 'okafor')],
      hospitalization: { dischargeDisposition: concept('Admitted to this hospital') },
    }),
    encounter('mia-tel', p, 'VR', 'finished', { start: at(-5, 10), end: at(-5, 10, 15) }, 'Check after discharge', { serviceType: concept('Hospital medicine'), participant: [staff('ATND', 'chen')] }),
    encounter('mia-pulm', p, 'AMB', 'finished', { start: at(-140, 10), end: at(-140, 11) }, 'Persistent asthma', {
      type: [concept('Pediatric pulmonology')],
      participant: [staff('ATND', 'hill'), staff('REF', 'lopez')],
    }),
    encounter('mia-next', p, 'AMB', 'planned', { start: at(20, 10, 30) }, undefined, { type: [concept('Pediatric pulmonology')], participant: [staff('ATND', 'hill')] }),
    encounter('mia-ed2', p, 'EMER', 'finished', { start: at(-400, 19), end: at(-400, 23) }, 'Fall from playground equipment', { participant: [staff('ATND', 'okafor')] }),
    condition('mia-dx1', p, 'Acute asthma exacerbation', 'encounter-diagnosis', at(-12), { encounter: ref('Encounter', 'mia-adm') }),
    condition('mia-dx2', p, 'Hypokalemia', 'encounter-diagnosis', at(-12), { encounter: ref('Encounter', 'mia-adm') }),
    condition('mia-c1', p, 'Moderate persistent asthma', 'problem-list-item', day(-700), { severity: concept('Moderate') }),
    condition('mia-c2', p, 'Atopic dermatitis', 'problem-list-item', day(-1200)),
    condition('mia-c3', p, 'Acute otitis media', 'problem-list-item', day(-600), { clinicalStatus: { coding: [{ code: 'resolved', display: 'Resolved' }] }, abatementDateTime: day(-590) }),
    { resourceType: 'AllergyIntolerance', id: 'mia-a1', clinicalStatus: { coding: [{ code: 'active' }] }, code: concept('Peanut'), criticality: 'high', patient: ref('Patient', p), recordedDate: day(-900), reaction: [{ manifestation: [concept('Anaphylaxis')], severity: 'severe' }] },
    { resourceType: 'AllergyIntolerance', id: 'mia-a2', clinicalStatus: { coding: [{ code: 'active' }] }, code: concept('Amoxicillin'), patient: ref('Patient', p), recordedDate: day(-590), reaction: [{ manifestation: [concept('Rash')], severity: 'mild' }] },
    order('mia-m1', p, 'mia-adm', 'fluticasone propionate 44 mcg/actuation inhaler', '2 puffs twice a day with spacer', 'active', at(-8, 12), 'chen', { reasonCode: [concept('Moderate persistent asthma')] }),
    order('mia-m2', p, 'mia-adm', 'albuterol 90 mcg/actuation inhaler', '4 puffs every 4 hours when needed, with spacer', 'active', at(-8, 12), 'chen', { reasonCode: [concept('Wheezing')] }),
    order('mia-m3', p, undefined, 'albuterol 90 mcg/actuation inhaler', '2 puffs every 4 hours when needed, with spacer', 'completed', at(-140, 11), 'hill', { dispenseRequest: { validityPeriod: { start: at(-140), end: at(-8) } } }),
    order('mia-m4', p, undefined, 'montelukast 4 mg chewable tablet', '1 tablet in the evening', 'stopped', at(-400, 11), 'lopez', { dispenseRequest: { validityPeriod: { end: at(-8) } }, statusReason: concept('Night terrors') }),
    order('mia-m5', p, undefined, 'epinephrine 0.15 mg auto-injector', '0.15 mg into the thigh for anaphylaxis', 'active', at(-900, 11), 'lopez', { reasonCode: [concept('Peanut allergy')] }),
    { ...order('mia-m6', p, 'mia-adm', 'x', '0.6 mg/kg by mouth once a day', 'completed', at(-12, 23), 'chen'), medicationCodeableConcept: undefined, medicationReference: ref('Medication', 'dexa'), category: [{ coding: [{ code: 'inpatient' }] }] },
    { resourceType: 'Medication', id: 'dexa', code: concept('dexamethasone 1 mg/mL oral solution') },
    ...cbc(1, -400, 'mia-ed2', 12.9, 8.2, 310),
    ...cbc(2, -140, 'mia-pulm', 12.4, 7.9, 298),
    ...cbc(3, -12, 'mia-adm', 12.1, 17.8, 421),
    ...cbc(4, -9, 'mia-adm', 11.9, 11.2, 388),
    ...bmp(1, -400, 'mia-ed2', 4.1, 139),
    ...bmp(2, -12, 'mia-adm', 2.9, 138, critical),
    ...bmp(3, -11, 'mia-adm', 3.3, 139),
    ...bmp(4, -9, 'mia-adm', 4.0, 140),
    lab('crp1', p, 'mia-adm', at(-12, 20), CRP, 28, 'mg/L', undefined, 5),
    report('rvp', p, 'mia-adm', at(-11, 6), ['Respiratory virus panel', '82159-5'], [], { status: 'registered', issued: undefined }),
    report('cxr', p, 'mia-adm', at(-12, 19), ['Chest X-ray, two views', '36643-5'], [], {
      category: [{ coding: [{ code: 'RAD' }] }],
      conclusion: 'Hyperinflation with peribronchial thickening. No focal consolidation, no effusion, no pneumothorax.',
      resultsInterpreter: [ref('Practitioner', 'hill')],
    }),
    ...note('mia-ds', p, 'mia-adm', at(-8, 15), ['Discharge summary', '18842-5'], 'chen', 'text/plain; charset=utf-8', SUMMARY),
    ...note('mia-cons', p, 'mia-adm', at(-11, 11), ['Consultation note', '11488-4'], 'hill', 'text/html', CONSULT),
    ...note('mia-plan', p, 'mia-adm', at(-8, 14), ['Asthma action plan', '69730-0'], 'chen', 'application/pdf', pdf(['Asthma action plan', 'GREEN: no symptoms. Fluticasone 2 puffs twice a day.', 'YELLOW: cough or wheeze. Add albuterol 4 puffs every 4 hours.', 'RED: trouble speaking. Albuterol now and call 911.'])),
    ...note('mia-ednote', p, 'mia-ed', at(-12, 22), ['Emergency department note', '34111-5'], 'okafor', 'text/plain', 'Chief complaint: wheezing for two days.\n\nAssessment: moderate asthma exacerbation, saturation 89 % in room air.\n\nPlan: continuous albuterol, dexamethasone, admit to 5 West.'),
    ...['DTaP', 'DTaP', 'DTaP', 'MMR', 'Influenza, seasonal', 'Influenza, seasonal', 'Hep B', 'Hep B', 'Hep B'].map((name, n) => ({
      resourceType: 'Immunization', id: `mia-i${n}`, status: 'completed', vaccineCode: concept(name), patient: ref('Patient', p), occurrenceDateTime: day(-1470 + n * 120),
    })),
    { resourceType: 'Procedure', id: 'mia-p1', status: 'completed', code: concept('Spirometry'), subject: ref('Patient', p), encounter: ref('Encounter', 'mia-pulm'), performedDateTime: at(-140, 10, 20) },
    {
      resourceType: 'CareTeam', id: 'mia-ct', status: 'active', name: 'Asthma care team', subject: ref('Patient', p),
      participant: [
        { role: [concept('Pulmonologist')], member: ref('Practitioner', 'hill') },
        { role: [concept('Asthma nurse')], member: { display: 'Jordan Kim, RN' } },
        { role: [concept('Hospital')], member: ref('Organization', 'hospital') },
      ],
    },
    ...[[-1400, 9.8], [-1000, 12.6], [-700, 14.1], [-400, 15.9], [-140, 17.2], [-12, 17.9]].map(([days, kg], n) => ({
      resourceType: 'Observation', id: `mia-w${n}`, status: 'final', category: category('vital-signs'), code: concept('Body weight', '29463-7', LOINC), subject: ref('Patient', p), effectiveDateTime: at(days), valueQuantity: { value: kg, unit: 'kg', code: 'kg' },
    })),
    ...[[-140, 98, 58], [-12, 104, 62]].map(([days, systolic, diastolic], n) => ({
      resourceType: 'Observation', id: `mia-bp${n}`, status: 'final', category: category('vital-signs'), code: concept('Blood pressure', '85354-9', LOINC), subject: ref('Patient', p), effectiveDateTime: at(days),
      component: [systolic, diastolic].map((value, m) => ({ code: concept(m ? 'Diastolic' : 'Systolic'), valueQuantity: { value, unit: 'mmHg', code: 'mm[Hg]' } })),
    })),
  ];
}

const CONSULT = `<h1>Pulmonology consultation</h1><p onclick="alert(1)">Asked to see Mia for <b>poorly controlled asthma</b>.</p>
<script>parent.document.title='owned'</script><img src="https://tracker.example/x.png"><style>body{display:none}</style>
<table><caption>Peak flow</caption><tr><th>Day</th><th>L/min</th></tr><tr><td>1</td><td>90</td></tr><tr><td>2</td><td>130</td></tr></table>
<h2>Recommendations</h2><ul><li>Start fluticasone 44 mcg, two puffs twice a day.</li><li>Stop montelukast: night terrors.</li></ul>
<p><a href="javascript:alert(2)">More</a></p>`;

function newborn(at, day) {
  const p = 'baby';
  const BILI = ['Bilirubin.total [Mass/volume] in Serum or Plasma', '1975-2'];
  return [
    patient(p, 'Baby Boy', 'Okonkwo-Vandermeer', day(-6), 'male', '20011907'),
    encounter('baby-adm', p, 'IMP', 'in-progress', { start: at(-2, 3, 20) }, 'Neonatal hyperbilirubinemia', {
      location: [{ location: ref('Location', 'nicu'), status: 'active' }],
      participant: [staff('ATND', 'brandt')],
    }),
    { resourceType: 'AllergyIntolerance', id: 'baby-a', code: concept('No known allergy', '716186003', 'http://snomed.info/sct'), patient: ref('Patient', p) },
    ...[[-2, 4, 21.4, 'HH'], [-2, 16, 19.8, 'H'], [-1, 4, 17.1, 'H'], [-1, 16, 15.2, 'H']].map(([days, hour, value, code], n) =>
      lab(`bili${n}`, p, 'baby-adm', at(days, hour), BILI, value, 'mg/dL', undefined, 12, { interpretation: [{ coding: [{ code }] }] }),
    ),
    lab('bili9', p, 'baby-adm', at(0, 4), BILI, 13.4, 'mg/dL', undefined, 12, { status: 'preliminary' }),
    ...note('baby-prog', p, 'baby-adm', at(-1, 9), ['Progress note', '11506-3'], 'brandt', 'text/plain', 'Day 2 of phototherapy. Feeding well, weight down 6 %.\n\nPlan: continue phototherapy, bilirubin every 12 hours, home when below 12 twice.'),
  ];
}

const bare = (day) => [patient('bare', 'Noor', 'Haddad', day(-3000), 'female', '30000001', { generalPractitioner: undefined })];

function long(at, day) {
  const p = 'long';
  const encounters = Array.from({ length: 90 }, (_, n) =>
    encounter(`long-e${n}`, p, n % 9 === 0 ? 'IMP' : n % 5 === 0 ? 'EMER' : 'AMB', 'finished', { start: at(-40 - n * 35, 8), end: at(-40 - n * 35 + (n % 9 === 0 ? 4 : 0), 15) }, ['Sickle cell pain crisis', 'Fever', 'Transfusion', 'Hematology follow-up'][n % 4], {
      type: [concept('Hematology')],
      participant: [staff('ATND', 'chen')],
    }),
  );
  const labs = Array.from({ length: 420 }, (_, n) => lab(`long-l${n}`, p, `long-e${n % 90}`, at(-40 - (n % 90) * 35, 9, n % 60), [HB, WBC, PLT, K, NA, CRP][n % 6], [8.1, 14, 420, 4.2, 138, 12][n % 6] + ((n * 7) % 11) / 10, ['g/dL', '10*3/uL', '10*3/uL', 'mmol/L', 'mmol/L', 'mg/L'][n % 6], [11.5, 5, 150, 3.4, 134, undefined][n % 6], [14.5, 14.5, 400, 4.7, 143, 5][n % 6]));
  return [patient(p, 'Elijah', 'Montgomery', day(-5900), 'male', '40000777'), condition('long-c', p, 'Sickle cell disease', 'problem-list-item', day(-5800)), ...encounters, ...labs];
}
