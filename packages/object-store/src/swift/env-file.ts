import { RefusedError } from '@lautta/core/errors'
import type { PasswordCredential } from './keystone.ts'

const names = ['CSC_USERNAME', 'CSC_PASSWORD', 'CSC_USER_DOMAIN_NAME', 'CSC_PROJECT_NAME'] as const
// What the notebook of seed 000 has where a value is to be put in.
const placeholder = '(Fill)'

/** The password credential in the .env file of seed 000: its project is in the user's domain. */
export function readEnvFile(text: string): PasswordCredential {
  const found = new Map(text.split(/\r?\n/).flatMap(readAssignment))
  const take = (name: (typeof names)[number]) => found.get(name) ?? ''
  const missing = names.filter((name) => take(name) === '' || take(name) === placeholder)
  if (missing.length > 0) {
    const hint = 'Each stands on a line of its own: CSC_USERNAME = "…"'
    throw new RefusedError(`the .env file has no value for ${missing.join(', ')}`, { hint })
  }
  return {
    kind: 'password',
    userName: take('CSC_USERNAME'),
    password: take('CSC_PASSWORD'),
    userDomainName: take('CSC_USER_DOMAIN_NAME'),
    projectName: take('CSC_PROJECT_NAME'),
    projectDomainName: take('CSC_USER_DOMAIN_NAME')
  }
}

/** The name and the value of a line; nothing of a comment, or of what else is no assignment. */
function readAssignment(line: string): [name: string, value: string][] {
  const [, name, value = ''] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? []
  if (name === undefined) return []
  // Only behind quotation marks a comment is known as such: elsewhere `#` may be a part of a password.
  const [, , quoted = value] = /^(["'])(.*)\1(?:\s+#.*)?$/.exec(value) ?? []
  return [[name, quoted]]
}
