import { describe, expect, it } from 'vitest'
import { measure } from '../bench/measure.ts'
import { describeMeasured } from '../bench/report.ts'

describe('a benchmark', () => {
  it('measures its peers in turns and tells their medians as shares of the reference', async () => {
    const sequence: string[] = []
    const peer = (name: string, figures: readonly number[]) => {
      let turn = 0
      return async () => {
        sequence.push(name)
        return { figure: figures[turn++] ?? 0, errors: turn === 1 ? 2 : 0 }
      }
    }
    const peers = { ours: peer('ours', [90, 1, 80]), theirs: peer('theirs', [100, 100, 400]) }
    const measured = await measure({ title: 'put', unit: 'MB/s', reference: 'theirs', rounds: 3, peers })
    expect(sequence).toEqual(['ours', 'theirs', 'ours', 'theirs', 'ours', 'theirs'])
    expect(measured.figures).toMatchObject([
      { peer: 'ours', median: 80, least: 1, most: 90, ratio: 0.8, errors: 2 },
      { peer: 'theirs', median: 100, ratio: 1 }
    ])
    expect(describeMeasured(measured)).toMatch(/ours +80\.0 \(1\.00 to 90\.0\) +80 % of theirs {3}2 errors/)
  })

  it('tells latencies by how much they exceed the reference, and the 95th of a hundred turns', async () => {
    const peer = (first: number) => {
      let turn = 0
      return async () => ({ figure: first + turn++, errors: 0 })
    }
    const peers = { ours: peer(30), theirs: peer(10) }
    const measured = await measure({ title: 'submit', unit: 'ms', reference: 'theirs', toldAs: 'difference', rounds: 40, peers })
    expect(measured.figures).toMatchObject([{ median: 50, p95: 68, difference: 20 }, { difference: 0 }])
    expect(describeMeasured(measured)).toMatch(/ours +50\.0 \(30\.0 to 69\.0, p95 68\.0\) +\+20\.0 ms on theirs/)
    const quicker = await measure({ title: 'submit', unit: 'ms', reference: 'ours', toldAs: 'difference', rounds: 1, peers })
    expect(describeMeasured(quicker)).toMatch(/theirs +50\.0 \(50\.0 to 50\.0\) +−20\.0 ms on ours/)
  })
})
