import { parseDocument } from 'yaml'
import { Problem } from './problem.ts'

/** Reads JSON; what is wrong is told by line and column. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    const position = /at position (\d+)/.exec(words)?.[1]
    const where = position === undefined ? '' : `${lineAndColumn(text, Number(position))}: `
    throw new Problem(400, 'the body is not valid JSON', {
      errors: [{ path: '', message: where + words.replace(/ in JSON at position.*$/s, '') }]
    })
  }
}

/** Reads YAML; what is wrong is told by line and column. */
export function readYaml(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: true })
  if (document.errors.length === 0) return document.toJS({ maxAliasCount: 100 })
  const errors = document.errors.map(({ message, linePos }) => {
    const [start] = linePos ?? []
    const [words = message] = message.split(' at line ')
    return { path: '', message: start === undefined ? words : `line ${start.line}, column ${start.col}: ${words}` }
  })
  throw new Problem(400, 'the body is not valid YAML', { errors })
}

function lineAndColumn(text: string, position: number): string {
  const before = text.slice(0, position).split('\n')
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}
