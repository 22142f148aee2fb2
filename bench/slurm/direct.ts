import { randomBytes } from 'node:crypto'
import { connectPlatform } from '../../packages/platforms/src/connect-platform.ts'
import type { Platform } from '../../packages/platforms/src/platform.ts'
import { runCommand } from '../../packages/platforms/src/run-command.ts'
import { knownPlatforms, platformSettingsSchema } from '../../packages/platforms/src/settings.ts'
import type { OrderedJob } from './orders.ts'
import { platform } from './stage.ts'

/** The platform as the submitter opens it, without the services around it. */
export interface Direct {
  /** The very command of the submit protocol; answers the job's id. */
  submit(job: OrderedJob): Promise<string>
  /** Another command over the same connection; answers what it printed. */
  run(argv: readonly string[], stdin?: string): Promise<string>
  close(): Promise<void>
}

/** `settings` is the platform's entry of lautta.yaml. */
export async function openDirect(settings: object, user: string): Promise<Direct> {
  const [known] = knownPlatforms({ [platform]: platformSettingsSchema.parse(settings) }, false)
  if (known === undefined) throw new Error('no platform')
  const opened: Platform = await connectPlatform(known, user, { localFolder: '', environment: {} })
  return {
    async submit({ script, options = {} }) {
      const token = randomBytes(16).toString('hex')
      const right = { token, try: 1 }
      const name = { jobName: `bench.${token}`, workingDirectory: null, modules: [], array: null }
      const answer = await opened.scheduler.submit({ ...right, ...name, script, options })
      if (answer.kind !== 'accepted') throw new Error(`sbatch: ${JSON.stringify(answer)}`)
      return answer.slurmJobId
    },
    run: (argv, stdin = '') => runCommand(opened.shell, { argv, stdin, parse: ({ stdout }) => stdout.trim() }),
    close: () => opened.close()
  }
}
