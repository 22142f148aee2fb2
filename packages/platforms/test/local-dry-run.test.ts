import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLocalScheduler } from '../src/local/local-scheduler.ts'
import { createLocalShell } from '../src/local/local-shell.ts'
import { platformOverShell } from '../src/platform.ts'
import { probePlatform } from '../src/probe-platform.ts'

const environment = { PATH: process.env.PATH ?? '' }
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-local-'))
})
afterEach(() => rm(folder, { recursive: true }))
const open = () => createLocalScheduler({ folder, environment })
const submission = {
  jobName: 'n.t',
  token: 't',
  try: 0,
  script: '#!/bin/sh\n',
  workingDirectory: null,
  modules: [],
  array: null,
  options: {}
}

it('platform local tells whether it would take a job, and takes none', async () => {
  const scheduler = open()
  expect(await scheduler.testSubmission(submission)).toMatchObject({ isAccepted: true })
  expect(await scheduler.testSubmission({ ...submission, options: { time: 'soon' } })).toMatchObject({
    isAccepted: false,
    words: 'Invalid --time specification: soon'
  })
  const elsewhere = { ...submission, workingDirectory: join(folder, 'missing') }
  expect(await scheduler.testSubmission(elsewhere)).toMatchObject({
    isAccepted: false,
    words: expect.stringContaining('no such directory')
  })
  expect(await readdir(folder)).toEqual([])
})

it('a probe of platform local has one step, the shell', async () => {
  const platform = platformOverShell(createLocalShell(environment, folder), open())
  const steps = await probePlatform(platform, { transport: 'local', account: null }, new AbortController().signal)
  expect(steps).toEqual([{ step: 'shell', ok: true, detail: '' }])
})
