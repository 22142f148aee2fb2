import { afterAll, beforeAll, describe } from 'vitest'
import { cephCommands } from '../../../test/servers/ceph.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { swiftCommands } from '../../../test/servers/swift.ts'
import { describeStore } from './store-suite.ts'
import { describeFaults } from './swift-faults.ts'
import { describeLargeObjects } from './swift-large-objects.ts'
import { describeNotebooks } from './swift-notebooks.ts'
import { describeRefusals } from './swift-refusals.ts'
import { type SwiftSites, siteNames, startSwiftSites } from './swift-site.ts'
import { describeTokens } from './swift-tokens.ts'

describe.skipIf(!requireCommands([...swiftCommands, ...cephCommands]))('the Swift adapter', () => {
  let all: SwiftSites
  beforeAll(async () => {
    all = await startSwiftSites()
  })
  afterAll(() => all?.stop())

  for (const name of siteNames) {
    const find = () => all.sites[name]
    describeStore(name, async () => {
      const store = find().open()
      return { store, close: () => store.close() }
    })
    describeLargeObjects(name, find)
    describeNotebooks(name, find)
    describeFaults(name, find)
    describeRefusals(name, () => all)
  }
  describeTokens(() => all)
})
