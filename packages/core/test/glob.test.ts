import { describe, expect, it } from 'vitest'
import { compileGlob } from '../src/glob.ts'

describe('a glob', () => {
  const matches = (pattern: string, path: string) => compileGlob(pattern)?.match(path)

  it('is none when nothing in it stands for something else', () => {
    for (const path of ['a/b.txt', '~/x', '/scratch/p/out', 'half[open', 'x{0}', 'a]b']) expect(compileGlob(path)).toBeNull()
  })
  it('tells its fixed part, how deep it goes and how its last name looks', () => {
    expect(compileGlob('runs/*/out_[0-9].txt')).toMatchObject({ folder: 'runs', mostDepth: 2, nameHint: 'out_*.txt' })
    expect(compileGlob('/scratch/a\\b/?x')).toMatchObject({ folder: '/scratch/a\\b', mostDepth: 1, nameHint: '*x' })
    expect(compileGlob('/*')).toMatchObject({ folder: '/' })
    expect(compileGlob('*[*]\\]')).toMatchObject({ folder: '', nameHint: '**\\\\\\]' })
    expect(compileGlob('~/x/**')).toMatchObject({ folder: '~/x', mostDepth: null, nameHint: '**' })
  })
  it.each([
    ['*.txt', 'a.txt', true],
    ['*.txt', 'a/b.txt', false],
    ['*.txt', '.txt', false],
    ['.*', '.hidden', true],
    ['?x', 'äx', true],
    ['?x', '\u{1f41f}x', true],
    ['?x', '.x', false],
    ['[a-c]1', 'b1', true],
    ['[a-c]1', 'd1', false],
    ['[!a-c]1', 'd1', true],
    ['[^a-c]1', 'a1', false],
    ['[]x]1', ']1', true],
    ['[a-]1', '-1', true],
    ['[*]', '*', true],
    ['[*]', 'x', false],
    ['[!a]b', '/b', false],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXbYbZ', false],
    ['*/x', 'a/x', true],
    ['*/x', 'a/b/x', false],
    ['**/x', 'x', true],
    ['**/x', 'a/b/x', true],
    ['**/x', 'a/.git/x', false],
    ['r*/**', 'run/a/b', true],
    ['r*/**', 'run/.a', false],
    ['a[b]/**/c/*.d', 'ab/c/c/c/x.d', true],
    ['*', 'it\'s\n"-- a name', true]
  ])('%s against %s: %s', (pattern, path, isMatch) => {
    expect(matches(pattern, path) != null).toBe(isMatch)
  })
  it('tells the task that stands for {1}, which is the same everywhere', () => {
    expect(matches('out_{1}.txt', 'out_17.txt')).toEqual({ task: '17' })
    expect(matches('out_{1}.txt', 'out_.txt')).toBeNull()
    expect(matches('*{1}.txt', 'out17.txt')).toEqual({ task: '17' })
    expect(matches('t{1}/out_{1}', 't3/out_3')).toEqual({ task: '3' })
    expect(matches('t{1}/out_{1}', 't3/out_4')).toBeNull()
    expect(matches('run{1}_{1}.out', 'run2_2.out')).toEqual({ task: '2' })
    expect(matches('run{1}_{1}.out', 'run3_2.out')).toBeNull()
    expect(matches('*{1}_{1}', 'a12_2')).toEqual({ task: '2' })
    expect(matches('{1}/**/{1}', '3/4/5/3')).toEqual({ task: '3' })
    expect(matches('*', '17')).toEqual({ task: null })
  })
  it('is judged at once however unlucky the pattern', () => {
    expect(matches(`${'*a'.repeat(200)}b`, 'a'.repeat(4000))).toBeNull()
    expect(matches(`${'**/a/'.repeat(100)}*b`, Array(1000).fill('a').join('/'))).toBeNull()
  })
})
