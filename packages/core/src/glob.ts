/** A pattern of paths: `*`, `?`, `[…]` within a name, `**` for any folders, `{1}` for the number of a task. */
export interface Glob {
  /** The part before the first name in which something stands for something else. */
  folder: string
  /** How deep below it matches lie at most; null: any number of folders deep. */
  mostDepth: number | null
  /** What every match's last name has, in a pattern with nothing but `*` and quoted characters. */
  nameHint: string
  /** Whether a path below the folder matches, and which task stands in it; null: it does not. */
  match(path: string): { task: string | null } | null
}

/** Takes items from a place on, and tells how many; 0: they do not match. */
type Take<Item> = (items: readonly Item[], at: number) => number
/** Any number of items, or what a function takes. */
type Step<Item> = 'any' | Take<Item>

/** Reads a pattern; null when it is a plain path. */
export function compileGlob(pattern: string): Glob | null {
  const names = pattern.split('/').map(readName)
  const first = names.findIndex((parts) => parts.some(isWild))
  if (first === -1) return null
  const folder = pattern.split('/').slice(0, first).join('/')
  const wild = names.slice(first)
  const last = wild.at(-1) ?? []
  return {
    folder: folder === '' && first > 0 ? '/' : folder,
    mostDepth: wild.some(isDeep) ? null : wild.length,
    nameHint: last.map((part) => (isWild(part) ? '*' : part.replace(/[*?[\]\\]/, '\\$&'))).join(''),
    match(path) {
      const tasks: string[] = []
      if (!matchNames(wild, path, (task) => tasks.push(task))) return null
      const task = tasks.at(-1) ?? null
      // Wherever it stands it is the same number.
      const filled = wild.map((parts) => parts.flatMap((part) => (part === taskMark ? Array.from(task ?? '') : [part])))
      return task === null || matchNames(filled, path, () => {}) ? { task } : null
    }
  }
}

const isDeep = (parts: readonly string[]): boolean => parts.length === 2 && parts.every((part) => part === '*')

function matchNames(names: readonly (readonly string[])[], path: string, onTask: (task: string) => void): boolean {
  const steps = names.map((parts): Step<string> => {
    if (isDeep(parts)) return 'any'
    return (folders, at) => (matchName(parts, folders[at] ?? '', onTask) ? 1 : 0)
  })
  // As shells have it: what is hidden is not meant by `**`.
  return matchSteps(steps, path.split('/'), (name) => !name.startsWith('.'))
}

/** A name in parts: `*`, `?`, `{1}`, `[…]` (a class that is closed), and single characters. */
function readName(name: string): string[] {
  return name.match(/\{1\}|\[[!^]?\]?[^\]]*\]|./gsu) ?? []
}

function isWild(part: string): boolean {
  return part === '*' || part === '?' || part === taskMark || (part.length > 1 && part.startsWith('['))
}

const taskMark = '{1}'

function matchName(parts: readonly string[], name: string, onTask: (task: string) => void): boolean {
  if (name.startsWith('.') && parts[0] !== '.') return false
  const steps = parts.map((part): Step<string> => {
    if (part === '*') return 'any'
    if (part === '?') return () => 1
    if (part === taskMark) return (characters, at) => takeDigits(characters, at, onTask)
    if (isWild(part)) return (characters, at) => (isInClass(part, characters[at] ?? '') ? 1 : 0)
    return (characters, at) => (characters[at] === part ? 1 : 0)
  })
  return matchSteps(steps, Array.from(name), () => true)
}

function takeDigits(characters: readonly string[], at: number, onTask: (task: string) => void): number {
  const [digits = ''] = /^\d*/.exec(characters.slice(at).join('')) ?? []
  if (digits !== '') onTask(digits)
  return digits.length
}

/** Whether a character is one of `[abc]` or `[a-z]`, or none of `[!abc]`. */
function isInClass(part: string, character: string): boolean {
  const isNegated = /^\[[!^]/.test(part)
  const members = Array.from(part.slice(isNegated ? 2 : 1, -1))
  const isMember = members.some((member, index) => {
    if (members[index + 1] === '-' && index + 2 < members.length)
      return member <= character && character <= (members[index + 2] ?? '')
    return member === character
  })
  return isMember !== isNegated
}

/**
 * Whether the steps take all items. Where it goes wrong the last `any` takes one more: never more looks than items times
 * steps, whatever the pattern.
 */
function matchSteps<Item>(steps: readonly Step<Item>[], items: readonly Item[], mayPass: (item: Item) => boolean): boolean {
  let step = 0
  let at = 0
  let any: { step: number; at: number } | null = null
  while (at < items.length || step < steps.length) {
    const take = steps[step]
    if (take === 'any') {
      any = { step: step++, at }
      continue
    }
    const taken = take === undefined || at >= items.length ? 0 : take(items, at)
    if (taken > 0) {
      at += taken
      step++
      continue
    }
    const passed = any === null ? undefined : items[any.at]
    if (any === null || passed === undefined || !mayPass(passed)) return false
    any.at++
    at = any.at
    step = any.step + 1
  }
  return true
}
