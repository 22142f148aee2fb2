import { type Ask, asJson } from './rest-client.ts'
import { until } from './until.ts'

export interface OrderEvent {
  platform: string
  index: number
  attempt: number
  at: string
  from: string
  to: string
  reason: string | null
}

/** What a notebook does with orders, in the words of the stories. */
export function createOrderClient(ask: Ask) {
  const order = async (id: string) => (await ask(`/v1/orchestrations/${id}`)).json
  const job = async (id: string, platform: string, index = 0) => (await order(id)).platforms[platform].jobs[index]
  const post = async (query: string, platforms: object): Promise<string> => {
    const { status, json, text } = await ask(`/v1/orchestrations${query}`, asJson({ name: 'story', platforms }))
    if (status !== 202) throw new Error(text)
    return json.id
  }
  return {
    ask,
    order,
    job,
    /** Posts and starts an order for one platform; answers its id. */
    start: (platform: string, jobs: readonly object[], more: object = {}): Promise<string> =>
      post('?start=true', { [platform]: { jobs, ...more } }),
    /** Posts an order for one platform, which is not started yet. */
    declare: (platform: string, jobs: readonly object[]): Promise<string> => post('', { [platform]: { jobs } }),
    async give(id: string, verb: 'start' | 'stop'): Promise<void> {
      const { status, text } = await ask(`/v1/orchestrations/${id}/${verb}`, { method: 'POST' })
      if (status !== 202) throw new Error(text)
    },
    async events(id: string): Promise<OrderEvent[]> {
      return (await ask(`/v1/orchestrations/${id}/events`)).json.items
    },
    async log(id: string, platform: string, query = ''): Promise<string> {
      return (await ask(`/v1/orchestrations/${id}/jobs/${platform}/0/log${query}`)).text
    },
    /** Waits until a job is as it should be, and answers it. */
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
    untilJob: (id: string, platform: string, isReached: (job: any) => boolean, index = 0) =>
      until(async () => {
        const found = await job(id, platform, index)
        return isReached(found) ? found : null
      }, 100),
    /** Waits until every job has ended and all of it is stored. */
    untilStored: (id: string) =>
      until(async () => {
        const found = await order(id)
        // The store may be away for a while.
        if (found.platforms === undefined) return null
        const jobs = Object.values<{ jobs: { status: { stored: boolean } }[] }>(found.platforms).flatMap(({ jobs }) => jobs)
        return found.state === 'finished' && jobs.every(({ status }) => status.stored) ? found : null
      }, 100)
  }
}
