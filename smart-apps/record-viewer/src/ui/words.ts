import type { Failure } from '../fhir/http';

/** What happened and what to do, for a section that did not load. `what` is its plural name: "Medications". */
export function failureWords(failure: Failure, what: string): { text: string; again: boolean } {
  switch (failure.kind) {
    case 'session':
      return { text: `${what} didn’t load, because your session has ended.`, again: false };
    case 'forbidden':
      return { text: `${what} are not part of what this app may show. To include them, open the record again from the portal and leave them ticked.`, again: false };
    case 'missing':
      return { text: `${what} could not be found.`, again: true };
    case 'busy':
      return { text: `${what} didn’t load: the hospital’s system has too much to do just now. Wait a moment, then try again.`, again: true };
    case 'unavailable':
      return { text: `${what} didn’t load: the hospital’s system isn’t answering.`, again: true };
    case 'timeout':
      return { text: `${what} didn’t load: the hospital’s system took too long to answer.`, again: true };
    case 'offline':
      return { text: `${what} didn’t load: there is no connection. Check your network, then try again.`, again: true };
    case 'malformed':
      return { text: `${what} came, but could not be read. The hospital’s system sent something damaged.`, again: true };
    case 'refused':
      return { text: `${what} didn’t load: the hospital’s system didn’t accept the question.`, again: true };
  }
}
