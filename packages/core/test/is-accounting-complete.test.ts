import { describe, expect, it } from 'vitest'
import type { AccountingRecord } from '../src/accounting/accounting-record.ts'
import { isAccountingComplete } from '../src/accounting/is-accounting-complete.ts'

const token = 'abcdefghij0123456789'
const endedAtEpoch = 1_795_000_000
const soon = new Date((endedAtEpoch + 5) * 1000)
const muchLater = new Date((endedAtEpoch + 3600) * 1000)
const record = (more: Partial<AccountingRecord>) => ({ jobStep: null, endedAtEpoch, ...more }) as AccountingRecord
const job = record({ jobName: `mine.${token}` })
const batch = record({ jobStep: 'batch', jobName: 'batch' })

describe('the accounting of a job that has ended', () => {
  it('is complete when the job and all its steps have an end', () => {
    expect(isAccountingComplete([job, batch], token, soon)).toBe(true)
    expect(isAccountingComplete([record({ ...job, endedAtEpoch: null }), batch], token, soon)).toBe(false)
    expect(isAccountingComplete([job, record({ ...batch, endedAtEpoch: null })], token, soon)).toBe(false)
    expect(isAccountingComplete([batch], token, soon)).toBe(false)
    expect(isAccountingComplete([], token, muchLater)).toBe(false)
  })
  it('is not while its end is known before its beginning, which slurmdbd calls `allocation`', () => {
    expect(isAccountingComplete([record({ jobName: 'allocation' }), batch], token, soon)).toBe(false)
  })
  it('is what it is ten minutes later: a job may have been renamed, an end of a step been lost', () => {
    const renamed = record({ jobName: 'renamed' })
    expect(isAccountingComplete([renamed, record({ ...batch, endedAtEpoch: null })], token, muchLater)).toBe(true)
    expect(isAccountingComplete([record({ ...job, endedAtEpoch: null })], token, muchLater)).toBe(false)
  })
  it('of an array is that of the last runs of all tasks that must have one, or of those that had not begun as a whole', () => {
    const task = (arrayTask: number | null, more: Partial<AccountingRecord> = {}) => record({ ...job, arrayTask, ...more })
    const open = { endedAtEpoch: null }
    expect(isAccountingComplete([task(1), task(2)], token, soon, [1, 2])).toBe(true)
    expect(isAccountingComplete([task(1)], token, soon, [1, 2])).toBe(false)
    expect(isAccountingComplete([task(1), task(2, open)], token, soon, [1, 2])).toBe(false)
    expect(isAccountingComplete([task(2), task(1), task(2, open)], token, soon, [1, 2])).toBe(false)
    expect(isAccountingComplete([task(2), task(1), task(2)], token, soon, [1, 2])).toBe(true)
    expect(isAccountingComplete([task(1), task(null)], token, soon, [1, 2, 3])).toBe(true)
    expect(isAccountingComplete([task(1)], token, muchLater, [1, 2])).toBe(true)
    expect(isAccountingComplete([], token, soon, [])).toBe(true)
    expect(isAccountingComplete([], token, muchLater, [1])).toBe(false)
  })
  it('of a heterogeneous job is that of all its components, which the script names as it likes', () => {
    const component = (hetComponent: number, more: Partial<AccountingRecord> = {}) => record({ ...job, hetComponent, ...more })
    const open = { endedAtEpoch: null }
    const renamed = { jobName: 'second' }
    expect(isAccountingComplete([component(0), component(1, renamed)], token, soon)).toBe(true)
    expect(isAccountingComplete([component(0, renamed), component(1)], token, soon)).toBe(false)
    expect(isAccountingComplete([component(0), component(1, { jobName: 'allocation' })], token, soon)).toBe(false)
    expect(isAccountingComplete([component(0)], token, soon)).toBe(false)
    expect(isAccountingComplete([component(0), component(2)], token, soon)).toBe(false)
    expect(isAccountingComplete([component(0), component(1, open)], token, soon)).toBe(false)
    expect(isAccountingComplete([component(0, open), component(1), component(0), component(1)], token, muchLater)).toBe(true)
  })
  it('of a requeued job is that of its last run', () => {
    expect(isAccountingComplete([job, record({ ...job, endedAtEpoch: null })], token, soon)).toBe(false)
  })
})
