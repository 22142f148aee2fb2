/** Reads a Range header with one range; null when there is none that we know, which HTTP allows to ignore. */
export function parseRange(header: string | undefined, size: number): { first: number; last: number } | 'unsatisfiable' | null {
  const [, start, end] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (start === undefined || end === undefined || (start === '' && end === '')) return null
  if (start === '') {
    const suffix = Number(end)
    return suffix === 0 || size === 0 ? 'unsatisfiable' : { first: Math.max(0, size - suffix), last: size - 1 }
  }
  const first = Number(start)
  if (end !== '' && Number(end) < first) return null
  return first >= size ? 'unsatisfiable' : { first, last: end === '' ? size - 1 : Math.min(Number(end), size - 1) }
}
