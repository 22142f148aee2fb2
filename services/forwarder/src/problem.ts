import { STATUS_CODES } from 'node:http'
import { UnreadableDocumentError } from '@lautta/core/documents/sealed-document'
import {
  CredentialsError,
  messageOf,
  RefusedError,
  StorageError,
  type StorageReason,
  UnavailableError
} from '@lautta/core/errors'
import type { Complaint } from '@lautta/core/orchestration/complaints'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

/** What a client gets when something is wrong: application/problem+json. */
export const problemSchema = z.object({
  status: z.number(),
  title: z.string(),
  detail: z.string(),
  hint: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional()
})
type ProblemBody = z.output<typeof problemSchema>

/** An answer other than success, thrown from anywhere below a route. */
export class Problem extends Error {
  readonly status: number
  readonly hint: string | undefined
  readonly errors: readonly Complaint[] | undefined

  constructor(status: number, detail: string, more: { hint?: string; errors?: readonly Complaint[] } = {}) {
    super(detail)
    this.status = status
    this.hint = more.hint
    this.errors = more.errors
  }
}

const retryAfterSeconds = 5

/** Turns whatever was thrown into a problem; what is not known to us is told without its words. */
export function answerProblem(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error)
  // What the store says is the operator's matter, also where the user can do something about it.
  if (problem.status >= 500 || error instanceof StorageError)
    request.log.error({ error: messageOf(error), route: request.routeOptions.url }, 'request failed')
  const body: ProblemBody = {
    status: problem.status,
    title: STATUS_CODES[problem.status] ?? 'Error',
    detail: problem.message,
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(problem.errors === undefined ? {} : { errors: [...problem.errors] })
  }
  if (problem.status === 503) reply.header('retry-after', retryAfterSeconds)
  reply.code(problem.status).type('application/problem+json').serializer(JSON.stringify).send(body)
}

function toProblem(error: FastifyError | Error): Problem {
  if (error instanceof Problem) return error
  if (error instanceof RefusedError) return new Problem(400, error.message, error.hint === undefined ? {} : { hint: error.hint })
  if (error instanceof StorageError) return storageProblem(error)
  if (error instanceof UnreadableDocumentError) return new Problem(503, error.message, { hint: askOperator })
  if (error instanceof UnavailableError || error instanceof CredentialsError)
    return new Problem(503, 'a part of Lautta does not answer', { hint: 'try again soon' })
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
  return status >= 500 ? new Problem(500, 'something unexpected happened; it was logged') : new Problem(status, error.message)
}

const askOperator = 'tell the operator of this Lautta; its log says what the store said'

/** A user reads what they can do about it; the store's own words are in the log. */
function storageProblem({ reason, message, hint }: StorageError): Problem {
  const problems: Record<StorageReason, () => Problem> = {
    unavailable: () => new Problem(503, 'the object store does not answer', { hint: 'nothing was accepted; try again soon' }),
    credentials: () => new Problem(503, "the object store does not accept Lautta's credential", { hint: askOperator }),
    forbidden: () => new Problem(503, 'the object store does not allow this to Lautta', { hint: askOperator }),
    damaged: () =>
      new Problem(503, 'what the object store gave is damaged', { hint: `try again; if it stays so, ${askOperator}` }),
    // Its limits are the user's as well.
    quota: () => new Problem(413, message, { hint: hint ?? 'remove objects that nobody needs any more' })
  }
  return problems[reason]()
}
