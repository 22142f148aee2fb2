import { describe, expect, it } from 'vitest'
import { type AuditRow, dateOf, sortRows } from '../src/audit/audit-row.ts'
import { type AuditRecord, deriveAudit } from '../src/audit/derive-audit.ts'
import type { OrderDocument } from '../src/documents/order-document.ts'
import type { HistoryEntry } from '../src/documents/status-document.ts'
import { declareJob, type Job } from '../src/job/job.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'

const second = (number: number) => `2026-11-21T23:59:${String(number).padStart(2, '0')}.500Z`
const order = (number: number, more: Partial<OrderDocument>): OrderDocument => ({
  ...{ schema: 1, id: `0${number}`, order: 'start', attempt: 1, by: 'u@example.com', keyId: `key-${number}`, at: second(number) },
  ...{ hmac: '', ...more }
})
const line = (number: number, from: string, to: string): HistoryEntry => ({
  ...{ sequence: number, index: 0, at: second(number), from, to, reason: null, by: 'submitter' }
})
const ended = (outcome: 'completed' | 'cancelled' | 'node-failed', slurmJobId: string | null): Job['state'] => ({
  ...{ kind: 'finished', slurmJobId, outcome, exitCode: null, reason: null, collecting: 'stored' }
})
const files = {
  get: [{ transfer: { source: { place: 'hpc/lumi', path: 'a' }, target: { place: 'storage/allas/pipeline', path: 'b' } } }]
}
const request = (part: object) =>
  orchestrationSchema(['lumi']).parse({ name: 'x', platforms: { lumi: { jobs: [{ script: 'x' }], ...part } } })

const record = (more: Partial<AuditRecord>): AuditRecord => ({
  ...{ id: '01jd', user: 'u@example.com', versions: [], orders: [], statuses: [] },
  request: {
    ...{
      schema: 1,
      id: '01jd',
      user: 'u@example.com',
      createdAt: second(1),
      keyId: 'key-0',
      bodySha256: '',
      warnings: [],
      hmac: ''
    },
    request: request({})
  },
  ...more
})
const status = (jobs: Job[], history: HistoryEntry[] = []) => [{ platform: 'lumi', jobs, history }]
/** What a line tells beside its order, shortly. */
const told = (rows: readonly AuditRow[]) =>
  sortRows(rows).map((row) => [row.commandClass, row.keyId, row.platform, row.index, row.slurmJobId, row.outcome, row.attempt])

describe('the audit of an order', () => {
  it('has the request of somebody who never started it', () => {
    expect(deriveAudit(record({}))).toEqual([
      {
        ...{ atSeconds: Date.parse('2026-11-21T23:59:01Z') / 1000, user: 'u@example.com', keyId: 'key-0', order: '01jd' },
        ...{ commandClass: 'post', platform: null, index: null, slurmJobId: null, outcome: null, attempt: null, task: null }
      }
    ])
  })
  it('has each order under the name and the key of who gave it', () => {
    const orders = [order(2, {}), order(3, { order: 'hold', platform: 'lumi', index: 0, by: 'other', keyId: 'k', task: 4 })]
    const rows = deriveAudit(record({ orders }))
    expect(told(rows)).toEqual([
      ['post', 'key-0', null, null, null, null, null],
      ['start', 'key-2', null, null, null, null, 1],
      ['hold', 'k', 'lumi', 0, null, null, 1]
    ])
    expect(rows.map(({ user, task }) => [user, task])).toEqual([...Array(2).fill(['u@example.com', null]), ['other', 4]])
  })
  it('has what was done for a start under its key: prepared, submitted, ended', () => {
    const job: Job = {
      ...declareJob(0),
      preparingAt: second(3),
      submittedAt: second(4),
      endSeenAt: second(9),
      state: ended('completed', '7')
    }
    expect(told(deriveAudit(record({ orders: [order(2, {})], statuses: status([job]) }))).slice(2)).toEqual([
      ['prepare', 'key-2', 'lumi', 0, null, null, 1],
      ['submit', 'key-2', 'lumi', 0, '7', null, 1],
      ['end', 'key-2', 'lumi', 0, '7', 'completed', 1]
    ])
  })
  it('has the cancelled end under the key of the stop, and one that came all the same under that of the start', () => {
    const ending = (outcome: 'completed' | 'cancelled') =>
      told(
        deriveAudit(
          record({
            orders: [order(2, {}), order(5, { order: 'cancel', platform: 'lumi', index: 0 })],
            statuses: status([{ ...declareJob(0), endSeenAt: second(9), state: ended(outcome, '7') }])
          })
        )
      ).at(-1)
    expect(ending('cancelled')).toEqual(['end', 'key-5', 'lumi', 0, '7', 'cancelled', 1])
    expect(ending('completed')).toEqual(['end', 'key-2', 'lumi', 0, '7', 'completed', 1])
  })
  it('has a retry under the key of the start before it, and a later start under its own', () => {
    const attempt = (number: number, slurmJobId: string): Job => ({
      ...{ ...declareJob(0), attempt: number, submittedAt: second(10 * number), endSeenAt: second(10 * number + 5) },
      state: ended('node-failed', slurmJobId)
    })
    const job: Job = { ...attempt(3, '9'), earlier: [attempt(1, '7'), attempt(2, '8')] }
    const rows = deriveAudit(record({ orders: [order(2, {}), order(4, { attempt: 3 })], statuses: status([job]) }))
    expect(told(rows).filter(([kind]) => kind === 'submit')).toEqual([
      ['submit', 'key-2', 'lumi', 0, '7', null, 1],
      ['submit', 'key-2', 'lumi', 0, '8', null, 2],
      ['submit', 'key-4', 'lumi', 0, '9', null, 3]
    ])
  })
  it('has each control that was carried out or refused, and none of an older version, which did not write down when', () => {
    const job: Job = {
      ...{ ...declareJob(0), state: { kind: 'running', slurmJobId: '7' } },
      controlsDone: [
        { id: '03', order: 'hold', task: null, doneAt: second(6) },
        { id: '04', order: 'cancel', task: 5, doneAt: second(7), refused: true },
        { id: '05', order: 'release', task: null }
      ]
    }
    const orders = [order(3, { order: 'hold' }), order(4, { order: 'cancel', task: 5 }), order(5, { order: 'release' })]
    const rows = deriveAudit(record({ orders, statuses: status([job]) })).filter(({ slurmJobId }) => slurmJobId === '7')
    expect(told(rows)).toEqual([
      ['hold', 'key-3', 'lumi', 0, '7', 'done', 1],
      ['cancel', 'key-4', 'lumi', 0, '7', 'refused', 1]
    ])
    expect(sortRows(rows).map(({ task }) => task)).toEqual([null, 5])
  })
  it('has files that were brought back, of the attempt whose end came before, where the order names any', () => {
    const first: Job = { ...declareJob(0), endSeenAt: second(4), state: ended('node-failed', '7') }
    const job: Job = { ...declareJob(0), attempt: 2, endSeenAt: second(8), state: ended('completed', '8'), earlier: [first] }
    const history = [line(5, 'finishing', 'preparing'), line(7, 'running', 'finishing'), line(9, 'finishing', 'finished')]
    const brought = (part: object) => {
      const one = record({ orders: [order(2, {})], statuses: status([job], history) })
      const rows = deriveAudit({ ...one, request: one.request && { ...one.request, request: request(part) } })
      return told(rows).filter(([kind]) => kind === 'files')
    }
    expect(brought({ files })).toEqual([
      ['files', 'key-2', 'lumi', 0, '7', null, 1],
      ['files', 'key-2', 'lumi', 0, '8', null, 2]
    ])
    expect(brought({})).toEqual([])
  })
  it('has what was adopted from the bucket: requests, what was none, and that it was removed', () => {
    const head = (number: number) => ({
      ...{ schema: 1, id: '1', user: 'u', number, createdAt: second(1), adoptedAt: second(number), inForce: 1, orders: [] }
    })
    const content = { etag: '', bodySha256: '' }
    const versions: AuditRecord['versions'] = [
      { ...head(1), ...content, found: 'request', warnings: [], request: request({}) },
      { ...head(2), ...content, found: 'errors', errors: [] },
      { ...head(3), found: 'nothing' }
    ]
    expect(told(deriveAudit(record({ request: null, versions }))).map(([kind, , , , , outcome]) => [kind, outcome])).toEqual([
      ['adopt', null],
      ['adopt', 'refused'],
      ['remove', null]
    ])
  })
})

describe('lines of the audit', () => {
  const [row] = deriveAudit(record({}))
  it('fall on the UTC date of their second', () => {
    expect(dateOf(row!)).toBe('2026-11-21')
    expect(dateOf({ atSeconds: row!.atSeconds + 59 })).toBe('2026-11-22')
  })
  it('have one sequence, in whichever they were found', () => {
    const rows = ['start', 'post', 'of a newer Lautta', 'end', 'submit'].flatMap((commandClass) => [
      { ...row!, commandClass, index: 10 },
      { ...row!, commandClass, index: 9 }
    ])
    const sorted = sortRows(rows)
    expect(sortRows(rows.toReversed())).toEqual(sorted)
    expect(sorted.map(({ index, commandClass }) => `${commandClass} ${index}`)).toEqual(
      ['of a newer Lautta', 'post', 'start', 'submit', 'end'].flatMap((kind) => [`${kind} 9`, `${kind} 10`])
    )
  })
})
