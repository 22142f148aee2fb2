/** A client that follows a log. */
export interface LogFollower {
  status: number
  /** What came until now, in the events of the stream. */
  events: { id: string; event: string; data: unknown }[]
  /** The text of all events but the last. */
  text(): string
  end(): unknown
  /** Whether a word came that only keeps the connection. */
  comments(): number
  /** Resolves when the stream is over: false when it was cut. */
  over: Promise<boolean>
  leave(): void
}

/** Follows by events, as a browser or a notebook does. */
export async function followLog(url: string, headers: Record<string, string> = {}): Promise<LogFollower> {
  const leaving = new AbortController()
  const all = { authorization: 'Bearer key-of-the-local-user', accept: 'text/event-stream', ...headers }
  const response = await fetch(url, { headers: all, signal: leaving.signal })
  const events: LogFollower['events'] = []
  let comments = 0
  const read = async (): Promise<void> => {
    let rest = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop()!
      for (const block of blocks) {
        if (block.startsWith(':')) comments++
        else events.push(readEvent(block))
      }
    }
  }
  const texts = () => events.filter(({ event }) => event === 'message').map(({ data }) => data)
  return {
    ...{ status: response.status, events, comments: () => comments },
    text: () => texts().join(''),
    end: () => events.find(({ event }) => event === 'end')?.data,
    over: read().then(
      () => true,
      () => false
    ),
    leave: () => leaving.abort()
  }
}

function readEvent(block: string): LogFollower['events'][number] {
  const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
  return { id: fields.id, event: fields.event ?? 'message', data: JSON.parse(fields.data) }
}
