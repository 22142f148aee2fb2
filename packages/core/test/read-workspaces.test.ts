import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fourColumns, threeColumns, withAllocations } from '../../../test/support/workspace-prints.ts'
import { environmentDocumentSchema } from '../src/documents/environment-document.ts'
import { toWire } from '../src/wire.ts'
import { readWorkspaces, type WorkspacesPrint } from '../src/workspaces/read-workspaces.ts'

const G = 1024 ** 3
const T = 1024 ** 4
const printed = ({ workspaces }: WorkspacesPrint) =>
  workspaces.map((one) => [one.path, one.usedCapacity, one.maxCapacity, one.usedFiles, one.maxFiles, one.cleanup, one.overQuota])

describe('the print of csc-workspaces', () => {
  it('is read with its quotas, cleanup, and the star of what is over', () => {
    const found = readWorkspaces(fourColumns)
    expect(printed(found)).toEqual([
      ['/users/csc', '2.2M', '10G', '37', '100K', 'n/a', false],
      ['/projappl/project_2001234', '120M', '50G', '265', '100K', 'n/a', false],
      ['/scratch/project_2001234', '7.2T', '7.0T', '1.2M', '2.0M', '180d', true],
      ['/projappl/project_2005678', '4.8G', '50G', '104K', '100K', 'n/a', true],
      ['/scratch/project_2005678', '7.2', '10TB', '0', '1.0M', '90d', false]
    ])
    expect(found).toMatchObject({ allocations: [], unreadableLines: [] })
    expect(found.workspaces[0]).toMatchObject({ usedCapacityBytes: Math.round(2.2 * 1024 ** 2), maxCapacityBytes: 10 * G })
    expect(found.workspaces[0]).toMatchObject({ usedFilesCount: 37, maxFilesCount: 100_000 })
    expect(found.workspaces[4]).toMatchObject({ usedCapacityBytes: Math.round(7.2 * T), maxCapacityBytes: 10 * T })
  })
  it('is read in its older form, with fractions that begin with the point', () => {
    const found = readWorkspaces(threeColumns)
    expect(printed(found)).toEqual([
      ['/users/csc', '3.045G', '10G', '2.42k', '100k', null, false],
      ['/projappl/project_2001234', '12.86M', '50G', '.97k', '100k', null, false],
      ['/scratch/project_2001234', '4k', '1T', '0k', '1000k', null, false]
    ])
    expect(found.workspaces[1]).toMatchObject({ usedFilesCount: 970 })
    expect(found.workspaces[2]).toMatchObject({ usedCapacityBytes: 4096, maxFilesCount: 1_000_000 })
  })
  it('tells what is over its quota also without a star, and takes 0 for no limit', () => {
    const overQuota = (row: string) => readWorkspaces(row).workspaces.map((one) => one.overQuota)
    expect(overQuota('/a 8G/7G 1/2')).toEqual([true])
    expect(overQuota('/a 1G/7G 3/2')).toEqual([true])
    expect(overQuota('/a 7.0G* / 7G 1/2')).toEqual([true])
    expect(overQuota('/a 8G/0 3/0')).toEqual([false])
    expect(overQuota('\u001b[1;31m/a 7.0G*/7G 1/2\u001b[0m')).toEqual([true])
  })
})

describe('the print of lumi-workspaces', () => {
  it('is read with the allocations of each project and their date', () => {
    const found = readWorkspaces(withAllocations)
    expect(found.workspaces.map(({ path }) => path)).toEqual([
      '/users/csc',
      ...['/projappl', '/scratch', '/flash'].map((area) => `${area}/project_465000001`)
    ])
    const date = '2026-11-19 15:36:37'
    const none = { usedGpuHours: null, allocatedGpuHours: null, usedTbHours: null, allocatedTbHours: null }
    expect(found.allocations).toEqual([
      {
        ...{ project: 'project_465000001', usedCoreHours: 12_345, allocatedCoreHours: 100_000 },
        ...{ usedGpuHours: 0, allocatedGpuHours: 1000, usedTbHours: 55, allocatedTbHours: 90, date }
      },
      { project: 'project_465000002', usedCoreHours: 7, allocatedCoreHours: 0, ...none, date }
    ])
    expect(found.unreadableLines).toEqual([])
  })
})

describe('a print that can not be read', () => {
  it('is kept line by line, beside what can be', () => {
    const found = readWorkspaces('/users/csc 1G/10G 3/100K\n/scratch/project_1 lots/more 1/2\nproject_1 nothing\nbe careful')
    expect(found.workspaces.map(({ path }) => path)).toEqual(['/users/csc'])
    expect(found.unreadableLines).toEqual(['/scratch/project_1 lots/more 1/2', 'project_1 nothing'])
  })
  it('is kept as a whole when it tells of no disk area', () => {
    const words = 'bash: line 1: csc-workspaces: command not found'
    expect(readWorkspaces(`${words}\n`)).toEqual({ workspaces: [], allocations: [], unreadableLines: [words] })
  })
  it('is never an exception, and always fits into a document', () => {
    const word = fc.constantFrom(
      '/users/csc',
      'project_1',
      '1/2',
      '.5k*/1M',
      '7/10TB',
      '9'.repeat(400),
      '1/2 (1%) core/hours',
      ' ',
      '\n'
    )
    const print = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(word, { maxLength: 40 }).map((words) => words.join(' '))
    )
    const head = { schema: 1, platform: 'lumi', directory: null, languages: [], modules: [], hmac: '' }
    fc.assert(
      fc.property(print, (text) => {
        const document = toWire({ ...head, foundAt: null, workspacesFoundAt: null, ...readWorkspaces(text) })
        environmentDocumentSchema.parse(JSON.parse(JSON.stringify(document)))
      })
    )
  })
  it('is not followed when it, or a line of it, is endless', () => {
    expect(readWorkspaces('/a 1/2 3/4\n'.repeat(100_000)).workspaces).toHaveLength(1000)
    const found = readWorkspaces(`/${'x'.repeat(5000)} 1/2 3/4`)
    expect(found).toMatchObject({ workspaces: [], unreadableLines: [`/${'x'.repeat(199)}`] })
  })
})

describe('any row', () => {
  it('is read back as it was printed', () => {
    const number = fc.oneof(
      fc.nat({ max: 9999 }).map(String),
      fc.tuple(fc.nat({ max: 999 }), fc.nat({ max: 99 })).map(([whole, part]) => `${whole}.${part}`),
      fc.nat({ max: 99 }).map((part) => `.${part}`)
    )
    const quantity = fc
      .tuple(number, fc.constantFrom('', 'k', 'K', 'M', 'G', 'T', 'GB', 'TB', 'GiB'))
      .map((parts) => parts.join(''))
    const gap = fc.constantFrom(' ', '   ', '\t')
    const quantities = fc.tuple(quantity, quantity, quantity, quantity)
    fc.assert(
      fc.property(quantities, fc.boolean(), gap, ([usedCapacity, maxCapacity, usedFiles, maxFiles], hasStar, space) => {
        const row = ['/scratch/p', `${usedCapacity}${hasStar ? '*' : ''}/${maxCapacity}`, `${usedFiles}/${maxFiles}`].join(space)
        const found = readWorkspaces(row)
        expect(found.workspaces).toMatchObject([{ usedCapacity, maxCapacity, usedFiles, maxFiles }])
        if (hasStar) expect(found.workspaces[0]?.overQuota).toBe(true)
      })
    )
  })
})
