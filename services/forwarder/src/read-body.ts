import { type ParseError, parse as parseJson, printParseErrorCode } from 'jsonc-parser'
import { parseDocument } from 'yaml'
import { Problem } from './problem.ts'

const mostErrors = 10

/** Reads JSON; what is wrong is told by line and column, which JSON.parse itself does not always know. */
export function readJson(text: string): unknown {
  // Some clients name a type also where they send nothing.
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    const found: ParseError[] = []
    parseJson(text, found, { disallowComments: true, allowTrailingComma: false })
    // What follows the first errors is mostly their consequence, and there may be a million of it.
    const errors = found
      .slice(0, mostErrors)
      .map(({ offset, error }) => ({ path: '', message: `${lineAndColumn(text, offset)}: ${wordsOf(error)}` }))
    throw new Problem(400, 'the body is not valid JSON', { errors })
  }
}

/** Reads YAML; what is wrong is told by line and column. */
export function readYaml(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: true })
  const errors = document.errors.slice(0, mostErrors).map(({ message, linePos }) => {
    const [start] = linePos ?? []
    const [words = message] = message.split(' at line ')
    return { path: '', message: start === undefined ? words : `line ${start.line}, column ${start.col}: ${words}` }
  })
  if (errors.length > 0) throw new Problem(400, 'the body is not valid YAML', { errors })
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    // Aliases that would multiply without end.
    throw new Problem(400, 'the body is not valid YAML', {
      errors: [{ path: '', message: error instanceof Error ? error.message : String(error) }]
    })
  }
}

/** `PropertyNameExpected` is `property name expected`. */
function wordsOf(error: ParseError['error']): string {
  return printParseErrorCode(error)
    .replace(/(?!^)([A-Z])/g, ' $1')
    .toLowerCase()
}

function lineAndColumn(text: string, position: number): string {
  const before = text.slice(0, position).split('\n')
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}
