import type { z } from 'zod'

/** One thing wrong with the input: the field, written as one would in code, and what is wrong with it. */
export interface Complaint {
  path: string
  message: string
}

/** What zod found, one complaint a field: `platforms.mahti.files.send[0].overwrite`. */
export function complaintsOf(error: z.core.$ZodError): Complaint[] {
  return error.issues.flatMap((issue) => complaintsOfIssue(issue, []))
}

function complaintsOfIssue(issue: z.core.$ZodIssue, parent: readonly PropertyKey[]): Complaint[] {
  const path = [...parent, ...issue.path]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: formatPath([...path, key]), message: 'unknown key' }))
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ path: formatPath(path), message: inner.message }))
  return [{ path: formatPath(path), message: issue.message }]
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? String(key) : `.${String(key)}`)).join('')
}
