/** An answer of the API. */
export interface RestAnswer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  json: any
}

/** Asks the API with a user's key. */
export type Ask = (path: string, init?: RequestInit) => Promise<RestAnswer>

export function createRestClient(url: string, apiKey: string): Ask {
  return async (path, { headers, ...init } = {}) => {
    const response = await fetch(url + path, { ...init, headers: { authorization: `Bearer ${apiKey}`, ...headers } })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text !== '' ? JSON.parse(text) : undefined
    }
  }
}

/** A POST of JSON. */
export function asJson(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
