// Who is who in the demo, by what they are rather than by name.

/** The first user of a kind for whom `fits` holds. */
export const userOf = (demo, kind, fits = () => true) => {
  const user = demo.users.find((user) => user.kind === kind && fits(user));
  if (!user) throw new Error(`the demo has no such ${kind}`);
  return user;
};

/** A primary care provider: sees many patients. */
export const pcp = (demo) => userOf(demo, 'provider', (user) => user.sees.length > 5);

/** A specialist without a single grant. */
export const stranger = (demo) => userOf(demo, 'provider', (user) => user.sees.length === 0);

/** A specialist who sees what families have granted. */
export const specialist = (demo) => userOf(demo, 'provider', (user) => /specialist/.test(user.note) && user.sees.length > 0);

/** The patient with an MRN. */
export const patientWith = (demo, mrn) => demo.patients.find((patient) => patient.mrn === mrn);
