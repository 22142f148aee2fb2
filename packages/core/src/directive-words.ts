/** A word of the `#SBATCH` lines, with its line, counted from 1. */
export interface Word {
  text: string
  line: number
}

/** What sbatch takes for white space within a line. */
export const blanks = ' \\t\\v\\f\\r'

/**
 * The words of one line as sbatch splits them: quotes, backslashes, and a comment from the first bare # on, also within a
 * word. An empty word ends the line, too.
 */
export function splitWords(text: string): { words: string[]; isOpen: boolean } {
  const words: string[] = []
  let word: string | null = null
  let quote: string | null = null
  for (const [found, escaped] of text.matchAll(piece)) {
    const isBare = quote === null && escaped === undefined
    if (isBare && found === '#') break
    if (isBare && blank.test(found)) {
      if (word === '') return { words, isOpen: false }
      if (word !== null) words.push(word)
      word = null
    } else if (escaped === undefined && (found === quote || (isBare && /["']/.test(found)))) {
      quote = quote === null ? found : null
      word ??= ''
    } else word = (word ?? '') + (escaped ?? found)
  }
  return { words: word ? [...words, word] : words, isOpen: quote !== null }
}

const piece = new RegExp(String.raw`\\([^])|["']|#|[${blanks}]+|[^\\"'#${blanks}]+`, 'g')
const blank = new RegExp(`^[${blanks}]`)
