import { STATUS_CODES } from 'node:http'

/** What a person reads in the browser when there is no page to show. */
export interface ErrorPage {
  status: number
  reason: string
  hint: string
}

/** A small page that says what is wrong and what to do; it loads nothing. */
export function renderErrorPage({ status, reason, hint }: ErrorPage): { headers: Record<string, string>; body: string } {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim()
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1><p>${escapeHtml(reason)}</p><p>${escapeHtml(hint)}</p></body></html>
`
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'",
      'x-content-type-options': 'nosniff'
    },
    body
  }
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (letter) => entities[letter] ?? letter)
}
