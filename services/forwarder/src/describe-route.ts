import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { problemSchema } from './problem.ts'

const problem = {
  description: 'What is wrong, and what to do',
  content: { 'application/problem+json': { schema: z.toJSONSchema(problemSchema, { target: 'draft-2020-12' }) } }
}

/** A route's entry in the OpenAPI document: its own schemas, and the one form that every error has. */
export const describeRoute: typeof jsonSchemaTransform = (route) => {
  const described = jsonSchemaTransform(route)
  const { response = {}, ...schema } = described.schema as { response?: object }
  return { ...described, schema: { ...schema, response: { ...response, default: problem } } }
}
