import { afterAll, beforeAll, describe } from 'vitest'
import { cephCommands } from '../../../test/servers/ceph.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { describeFaults } from './s3-faults.ts'
import { describeNotebooks } from './s3-notebooks.ts'
import { describeParts } from './s3-parts.ts'
import { describeRefusals } from './s3-refusals.ts'
import { type S3Site, startS3Site } from './s3-site.ts'
import { describeStore } from './store-suite.ts'

describe.skipIf(!requireCommands(cephCommands))('the S3 adapter', () => {
  let site: S3Site
  beforeAll(async () => {
    site = await startS3Site()
  })
  afterAll(() => site?.stop())

  describeStore("RGW's S3", async () => {
    const store = site.open()
    return { store, close: () => store.close() }
  })
  describeParts(() => site)
  describeFaults(() => site)
  describeNotebooks(() => site)
  describeRefusals(() => site)
})
