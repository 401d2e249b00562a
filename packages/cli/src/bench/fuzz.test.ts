import { expect, it } from 'vitest';
import { DocumentedAnswers } from './documented-answers.ts';
import { benchFuzz } from './fuzz.ts';

it('requests and files that are wrong get documented answers, and good ones after them the same as ever', async () => {
  const progress: number[] = [];
  const report = await benchFuzz({ seed: 7, requests: 240, artifacts: 60, onProgress: (done) => progress.push(done) });
  expect(report.failures).toEqual([]);
  expect(report).toMatchObject({ seed: 7, requests: 264, artifacts: 60, slowestMs: expect.any(Number) });
  // All kinds of answers were met: results, refusals of every sort, files that were taken and files that were not.
  for (const status of [200, 201, 204, 400, 401, 404, 422]) {
    expect([status, (report.statuses[status] ?? 0) > 0]).toEqual([status, true]);
  }
  expect(progress).toEqual([100 / 324, 200 / 324, 300 / 324]);
}, 120_000);

it('an answer that is not documented, or no JSON, or without a code, is objected to', () => {
  const json = { content: { 'application/json': {} } };
  const documented = new DocumentedAnswers({
    paths: { '/v1/models/{id}': { get: { responses: { '200': json, '404': json } } } },
  });
  const objection = (status: number, body: string, method = 'GET', path = '/v1/models/a?b') =>
    documented.objection(method, path, { status, type: '', body });
  expect(objection(200, '{}')).toBeUndefined();
  expect(objection(404, '{"error":{"code":"unknown_model"}}')).toBeUndefined();
  expect(objection(404, '{"error":"m","error_code":"unknown_model"}')).toBeUndefined();
  expect(objection(404, '{"error":"m"}')).toMatch(/without a code/);
  expect(objection(200, '<html>')).toMatch(/no JSON/);
  expect(objection(418, '{"error":{"code":"teapot"}}')).toMatch(/not documented/);
  expect(objection(500, '{"error":{"code":"internal"}}')).toMatch(/failed/);
  expect(objection(200, '{}', 'POST')).toMatch(/not documented/);
  expect(objection(404, '{"error":{"code":"unknown_route"}}', 'GET', '/elsewhere/1')).toBeUndefined();
  const redirected = (location: string) =>
    documented.objection('GET', '//.', { status: 307, type: '', body: '', location });
  expect([redirected('/'), redirected('/?a')]).toEqual([undefined, undefined]);
  expect(redirected('//elsewhere.example/')).toMatch(/not documented/);
});
