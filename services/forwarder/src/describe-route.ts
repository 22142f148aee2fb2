import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { problemSchema } from './problem.ts'

const problem = {
  description: 'What is wrong, and what to do',
  content: { 'application/problem+json': { schema: z.toJSONSchema(problemSchema, { target: 'draft-2020-12' }) } }
}

interface Described {
  address?: string
  answers?: Record<string, object>
  response?: Record<string, object>
  params?: { properties?: Record<string, object>; required?: string[] }
}

/**
 * A route's entry in the OpenAPI document: its own schemas, what they can't say of its answers, and the one form that
 * every error has. A path that the route takes with its slashes is called `path`.
 */
export const describeRoute: typeof jsonSchemaTransform = (route) => {
  const described = jsonSchemaTransform(route)
  const { address, answers = {}, response = {}, params, ...schema } = described.schema as Described
  const statuses = new Set([...Object.keys(response), ...Object.keys(answers)])
  const merged = [...statuses].map((status) => {
    return [status, { ...(Number(status) >= 400 && problem), ...response[status], ...answers[status] }]
  })
  const url = (address ?? described.url).replace('*', ':path')
  return {
    url,
    schema: {
      ...schema,
      ...(params && { params: namePath(params) }),
      response: { ...Object.fromEntries(merged), default: problem }
    }
  }
}

function namePath(params: NonNullable<Described['params']>): object {
  const entries = Object.entries(params.properties ?? {}).map(([name, one]) => [name === '*' ? 'path' : name, one])
  return { ...params, properties: Object.fromEntries(entries) }
}

declare module 'fastify' {
  interface FastifySchema {
    /** Where the document says that the route is, when its own pattern does not tell. */
    address?: string
    /** Of answers by status: description, headers and content, which their schemas can't say. */
    answers?: Readonly<Record<number, object>>
  }
}
