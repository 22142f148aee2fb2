/** The few REST calls that a notebook makes, too. */
export interface Client {
  get<Answer>(path: string): Promise<Answer>
  post<Answer>(path: string, body?: object): Promise<Answer>
  put(path: string, content: Buffer): Promise<void>
  text(path: string): Promise<string>
  /** The events of an order, as they happen. */
  follow(id: string, signal: AbortSignal): AsyncGenerator<OrderEvent>
}

export interface OrderEvent {
  at: string
  from: string
  to: string
  reason: string | null
}

/** Talks to the API with a key. */
export function createClient(url: string, apiKey: string): Client {
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(`${url}/v1${path}`, { ...init, headers: { authorization: `Bearer ${apiKey}`, ...init.headers } })
    if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status} ${await response.text()}`)
    return response
  }
  return {
    get: async <Answer>(path: string) => (await ask(path)).json() as Promise<Answer>,
    post: async <Answer>(path: string, body?: object) => {
      const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      return (await ask(path, { method: 'POST', ...json })).json() as Promise<Answer>
    },
    put: async (path, content) => void (await ask(path, { method: 'PUT', body: content })),
    text: async (path) => (await ask(path)).text(),
    async *follow(id, signal) {
      const response = await ask(`/orchestrations/${id}/events`, { headers: { accept: 'text/event-stream' }, signal })
      let rest = ''
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const events = (rest + chunk).split('\n\n')
        rest = events.pop() ?? ''
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1]
          if (data !== undefined) yield JSON.parse(data) as OrderEvent
        }
      }
    }
  }
}
