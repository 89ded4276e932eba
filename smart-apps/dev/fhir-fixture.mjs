// Answers read and search over a list of resources, as much as the apps ask: patient, category, practitioner, _count and paging.
import { json } from './serve.mjs';

const MOST = 40;

export class FhirFixture {
  /** By resource type: { status, headers, delay (ms), body, after (pages) }. `*` is for all types. */
  fail = new Map();

  constructor(resources) {
    this.resources = resources;
    this.byKey = new Map(resources.map((one) => [`${one.resourceType}/${one.id}`, one]));
  }

  async answer(path, request, response, base) {
    const [type, query = ''] = path.split('?');
    const kind = type.split('/')[0];
    const parameters = new URLSearchParams(query);
    const fault = this.fail.get(kind) ?? this.fail.get('*');
    if (fault?.delay) await new Promise((done) => setTimeout(done, fault.delay));
    if (fault?.body !== undefined) return response.writeHead(200, { 'content-type': 'application/fhir+json' }).end(fault.body);
    if (fault?.status && (fault.after ?? 0) <= Number(parameters.get('_offset') ?? 0)) {
      return response.writeHead(fault.status, { 'content-type': 'application/fhir+json', 'x-request-id': 'req-7f3a', ...fault.headers }).end('{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"transient"}]}');
    }
    const headers = fault?.headers ?? {};
    if (type.includes('/')) return this.read(type, request, response, headers);
    return this.search(kind, parameters, response, base, headers);
  }

  read(key, request, response, headers) {
    const found = this.byKey.get(key);
    if (!found) return json(response, 404, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] });
    if (found.resourceType === 'Binary' && !/^application\/fhir\+json/.test(request.headers.accept ?? '')) {
      return response.writeHead(200, { 'content-type': found.contentType, ...headers }).end(Buffer.from(found.data, 'base64'));
    }
    return response.writeHead(200, { 'content-type': 'application/fhir+json', ...headers }).end(JSON.stringify(found));
  }

  search(type, parameters, response, base, headers) {
    const mine = this.resources.filter((one) => one.resourceType === type && matches(one, parameters));
    const count = Math.min(Number(parameters.get('_count') ?? MOST), MOST);
    const from = Number(parameters.get('_offset') ?? 0);
    const page = mine.slice(from, from + count);
    const next = new URLSearchParams(parameters);
    next.set('_offset', String(from + count));
    const bundle = {
      resourceType: 'Bundle',
      type: 'searchset',
      total: mine.length,
      link: [...(from + count < mine.length ? [{ relation: 'next', url: `${base}/${type}?${next}` }] : [])],
      entry: [...page.map((resource) => ({ resource, search: { mode: 'match' } })), ...this.included(page, parameters)],
    };
    response.writeHead(200, { 'content-type': 'application/fhir+json', ...headers }).end(JSON.stringify(bundle));
  }

  included(page, parameters) {
    if (!parameters.has('_include')) return [];
    return page.flatMap((one) => {
      const found = this.byKey.get(one.medicationReference?.reference ?? '');
      return found ? [{ resource: found, search: { mode: 'include' } }] : [];
    });
  }
}

function matches(resource, parameters) {
  const patient = parameters.get('patient');
  const practitioner = parameters.get('practitioner');
  const category = parameters.get('category');
  const named = (resource.subject ?? resource.patient)?.reference;
  if (patient && named !== `Patient/${patient}`) return false;
  if (practitioner && resource.practitioner?.reference !== practitioner) return false;
  return !category || (resource.category ?? []).some((one) => one.coding?.some((coding) => coding.code === category));
}
