// More than this Swift does not take of a value.
const mostValueBytes = 256

/**
 * Text as it stands in a header of Swift's: ASCII as it is, all else as percent signs and UTF-8, which python-swiftclient
 * takes apart when it reads. A percent sign itself is escaped, and so are spaces at the ends, which HTTP cuts off. What
 * would be too long that way is UTF-8 as it is, of which HTTP makes a character from each byte.
 */
export function encodeHeaderText(text: string): string {
  const safe = text.replace(/%|^ +| +$/g, encodeURIComponent)
  const ascii = safe.replace(/[^\x20-\x7e]+/g, encodeURIComponent)
  return ascii.length <= mostValueBytes ? ascii : Buffer.from(safe).toString('latin1')
}

/** The text again. Python-swiftclient writes UTF-8 as it is. */
export function decodeHeaderText(value: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'))
    return text.replace(/(?:%[0-9a-f]{2})+/gi, decodeURIComponent)
  } catch {
    // Not UTF-8: no escapes then, as python-swiftclient sees it too.
    return value
  }
}
