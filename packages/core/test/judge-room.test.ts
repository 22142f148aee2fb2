import { describe, expect, it } from 'vitest'
import { judgeRoom } from '../src/workspaces/judge-room.ts'
import { readWorkspaces } from '../src/workspaces/read-workspaces.ts'
import { absolutePath, findWorkspace } from '../src/workspaces/workspace-paths.ts'

const home = '/users/csc'
const { workspaces } = readWorkspaces(`
/users/csc 1G/10G 99/100
/scratch/project_1 7.2T*/7.0T 1/1M
/scratch/project_1/open 1G/2G 1/1M
/scratch/project_2 5G/0 5/0
`)
const judge = (...files: [path: string, usedBytes: number, thereBytes?: number][]) =>
  judgeRoom(
    files.map(([path, usedBytes, thereBytes = null], index) => ({ path, usedBytes, index, thereBytes })),
    home,
    workspaces
  )

describe('a path of an order', () => {
  it.each([
    ['data/x', '/users/csc/data/x'],
    ['~/x', '/users/csc/x'],
    ['~', '/users/csc'],
    ['/scratch/a/../b/', '/scratch/b']
  ])('%s lies at %s', (path, absolute) => {
    expect(absolutePath(path, home)).toBe(absolute)
  })
  it('lies in the innermost of the disk areas around it, and in none of a longer name', () => {
    expect(findWorkspace('/scratch/project_1/open/x', workspaces)?.path).toBe('/scratch/project_1/open')
    expect(findWorkspace('/scratch/project_1/opener', workspaces)?.path).toBe('/scratch/project_1')
    expect(findWorkspace('/scratch/project_12/x', workspaces)).toBeNull()
  })
})

describe('room', () => {
  it('is enough where all files together fit, where nothing limits them, and where nobody tells', () => {
    expect(judge(['/scratch/project_1/open/a', 2 ** 29], ['/scratch/project_1/open/b', 2 ** 29])).toEqual({ kind: 'enough' })
    expect(judge(['/scratch/project_2/a', 2 ** 50])).toEqual({ kind: 'enough' })
    expect(judge(['/tmp/a', 2 ** 50])).toEqual({ kind: 'enough' })
    expect(judge(['one', 1])).toEqual({ kind: 'enough' })
  })
  it('is not there where they do not fit together, in bytes or in number', () => {
    expect(judge(['/scratch/project_1/open/a', 2 ** 30], ['/scratch/project_1/open/b', 2 ** 29 + 1])).toEqual({
      kind: 'full',
      words: '/scratch/project_1/open has no room for 1610612737 bytes more in 2 new files: 1G of 2G and 1 of 1M files are used'
    })
    expect(judge(['one', 1], ['~/two', 1])).toMatchObject({
      kind: 'full',
      words: expect.stringMatching(/^\/users\/csc .* in 2 new files/)
    })
  })
  it('is needed only for what is more than lies there already', () => {
    expect(judge(['/scratch/project_1/open/a', 2 ** 31, 2 ** 31], ['one', 5, 9], ['two', 5, 5])).toEqual({ kind: 'enough' })
    expect(judge(['/scratch/project_1/open/a', 2 ** 31, 2 ** 10])).toMatchObject({ kind: 'full' })
  })
  it('may be there where a rounded number says that it is not', () => {
    const { workspaces: nearlyFull } = readWorkspaces('/scratch/p 10T/10T 1.0M/1.0M\n/scratch/q 999/1000 1/1M\n')
    const room = (path: string, usedBytes: number) =>
      judgeRoom([{ path, usedBytes, index: 0, thereBytes: null }], home, nearlyFull).kind
    expect([room('/scratch/p/a', 2 ** 30), room('/scratch/p/a', 2 ** 40)]).toEqual(['enough', 'full'])
    expect([room('/scratch/q/a', 1), room('/scratch/q/a', 2)]).toEqual(['enough', 'full'])
  })
  it('is not there over the quota, also for nothing', () => {
    expect(judge(['/scratch/project_1/a', 0])).toEqual({
      kind: 'full',
      words: '/scratch/project_1 is over its quota: 7.2T of 7.0T and 1 of 1M files are used'
    })
  })
  it('will never be there for a file above the quota, whatever else waits', () => {
    expect(judge(['/scratch/project_1/a', 1], ['large', 11 * 2 ** 30])).toEqual({
      kind: 'never',
      index: 1,
      words: '11811160064 bytes are more than /users/csc may hold: 10G'
    })
  })
})
