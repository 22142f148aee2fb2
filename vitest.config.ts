import { defineConfig } from 'vitest/config'

const quick = ['packages/**/*.test.ts', 'services/**/*.test.ts', 'test/*.test.ts']
const needsServers = ['**/*.server.test.ts', 'test/{servers,stories,faults}/**/*.test.ts']
const never = ['**/node_modules/**']

// Forks, because the embedded Redis asks for a death signal, which follows the thread that started it.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: quick,
          exclude: [...never, ...needsServers],
          testTimeout: 20_000
        }
      },
      {
        extends: true,
        test: { name: 'servers', include: needsServers, exclude: never, testTimeout: 180_000, hookTimeout: 120_000 }
      }
    ]
  }
})
