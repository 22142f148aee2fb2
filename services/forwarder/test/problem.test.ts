import { UnreadableDocumentError } from '@lautta/core/documents/sealed-document'
import { RefusedError, StorageError, type StorageReason } from '@lautta/core/errors'
import { createLogger } from '@lautta/runtime/logger'
import { type FastifyBaseLogger, fastify } from 'fastify'
import { expect, it } from 'vitest'
import { answerProblem } from '../src/problem.ts'

async function answerTo(error: Error) {
  const app = fastify({ loggerInstance: createLogger('silent') as FastifyBaseLogger })
  app.setErrorHandler(answerProblem)
  app.get('/', () => Promise.reject(error))
  const { statusCode, headers, body } = await app.inject('/')
  await app.close()
  return { status: statusCode, type: headers['content-type'], retryAfter: headers['retry-after'], problem: JSON.parse(body) }
}

it.each<[StorageReason, number, RegExp, RegExp]>([
  ['unavailable', 503, /does not answer/, /try again/],
  ['credentials', 503, /credential/, /operator/],
  ['forbidden', 503, /not allow/, /operator/],
  ['damaged', 503, /damaged/, /try again/],
  ['quota', 413, /1,000 buckets/, /remove buckets/]
])('a store that fails for the reason %s is a problem with the status %i', async (reason, status, detail, hint) => {
  const error = new StorageError('a project has 1,000 buckets at most', { reason, hint: 'remove buckets' })
  const answer = await answerTo(error)
  expect(answer).toMatchObject({ status, problem: { status, detail: expect.stringMatching(detail) } })
  expect(answer.problem.hint).toMatch(hint)
  expect([answer.type, answer.retryAfter]).toEqual(['application/problem+json', status === 503 ? '5' : undefined])
})

it('what a store refuses is told in its words', async () => {
  const answer = await answerTo(new RefusedError('x: a part of the path is too long', { hint: 'shorten it' }))
  expect(answer.problem).toMatchObject({ status: 400, detail: 'x: a part of the path is too long', hint: 'shorten it' })
})

it('what a newer Lautta wrote is told as that', async () => {
  const answer = await answerTo(new UnreadableDocumentError('x was written by a newer Lautta'))
  expect(answer.problem).toMatchObject({ status: 503, detail: 'x was written by a newer Lautta' })
})

it('what nobody expected is told without its words', async () => {
  expect((await answerTo(new Error('secret'))).problem).toEqual({
    status: 500,
    title: 'Internal Server Error',
    detail: 'something unexpected happened; it was logged'
  })
})
