import { complaintsOf } from '@lautta/core/orchestration/complaints'
import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { Problem } from './problem.ts'

/** Checks a part of a request against its schema; every complaint names its field, `?name` for one of the query. */
export const validate: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const prefix = httpPart === 'querystring' ? '?' : ''
  return (input: unknown) => {
    const parsed = schema.safeParse(input)
    if (parsed.success) return { value: parsed.data }
    const errors = complaintsOf(parsed.error).map(({ path, message }) => ({ path: prefix + path, message }))
    return { error: new Problem(400, 'the input is wrong', { errors }) }
  }
}
