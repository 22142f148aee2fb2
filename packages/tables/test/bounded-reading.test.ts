import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeTable, readRowGroups } from '../src/read-row-groups.ts'
import { readTable } from '../src/read-table.ts'
import { writeTable } from '../src/write-table.ts'

const mebibyte = 1024 * 1024
const fixture = (name: string) => readFileSync(new URL(`../../../test/fixtures/${name}.parquet`, import.meta.url))
const small = writeTable({ columns: [{ name: 'a', type: 'string' }], rows: [{ a: 'x' }] })

describe('a table of some bytes', () => {
  it('that unfolds to a terabyte is refused, takes little memory, and harms nobody who reads after it', async () => {
    const content = fixture('unfolds-to-a-terabyte')
    expect(describeTable(content).columns).toEqual([{ name: 'note', type: 'string' }])
    const before = process.memoryUsage().rss
    expect(() => readTable(content)).toThrow(/more than may be held in memory/)
    await expect(readRowGroups(content).next()).rejects.toThrow(/more than may be held in memory/)
    expect(readTable(small).rows).toEqual([{ a: 'x' }])
    expect(process.memoryUsage().rss - before).toBeLessThan(2500 * mebibyte)
  })

  it('with more rows in one group than others write is refused before they are read', async () => {
    const content = fixture('many-rows-in-a-group')
    await expect(readRowGroups(content).next()).rejects.toThrow('more than 1048576 rows')
    expect(() => readTable(content, 1000)).toThrow('more than 1000 rows')
    expect(() => readTable(content)).toThrow('more than 1048576 rows')
  })

  it('whose end says that there are more things in it than can be is refused', async () => {
    const footer = Buffer.from([0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0])
    const content = Buffer.concat([footer, Buffer.from([footer.length, 0, 0, 0]), Buffer.from('PAR1')])
    await expect(readRowGroups(content).next()).rejects.toThrow(/longer than itself/)
  })

  it('with very many columns is read a few rows at a time', async () => {
    const columns = Array.from({ length: 300 }, (_none, at) => ({ name: `c${at}`, type: 'int64' as const }))
    const groups = readRowGroups(writeTable({ columns, rows: Array.from({ length: 1000 }, () => ({ c0: 1 })) }))
    expect((await groups.next()).value).toHaveLength(436)
    let rows = 436
    for await (const more of groups) rows += more.length
    expect(rows).toBe(1000)
  })
})
