import { CredentialsError, UnavailableError } from '@lautta/core/errors'
import { createLocalScheduler } from './local/local-scheduler.ts'
import { createLocalShell } from './local/local-shell.ts'
import { type Platform, platformOverShell } from './platform.ts'
import { connectRayPlatform } from './ray/ray-platform.ts'
import type { RemoteShell } from './remote-shell.ts'
import type { Scheduler } from './scheduler.ts'
import type { KnownPlatform } from './settings.ts'
import type { CommandBudget } from './slurm/command-budget.ts'
import { createSlurmScheduler } from './slurm/slurm-scheduler.ts'
import { connectionError } from './ssh/connection-step.ts'
import { createSshShell } from './ssh/ssh-shell.ts'

/** What platforms on this machine need of it. */
export interface ThisMachine {
  /** Where platform `local` keeps its jobs. */
  localFolder: string
  /** All that its jobs and commands see of our environment. */
  environment: Readonly<Record<string, string>>
  /** Told when a local job has begun or ended. */
  onLocalChange?: () => void
}

/** Opens a platform for a user; the connection itself is made when it is first used. */
export async function connectPlatform(
  known: KnownPlatform,
  user: string,
  machine: ThisMachine,
  budget?: CommandBudget
): Promise<Platform> {
  if (known.ray !== null) return connectRayPlatform(known.name, known.ray)
  const shell = openShell(known, user, machine)
  const scheduler = known.kind === 'local' ? openLocalScheduler(machine) : createSlurmScheduler(shell, known, budget)
  return platformOverShell(shell, scheduler, known.remoteForward)
}

function openLocalScheduler({ localFolder, environment, onLocalChange }: ThisMachine): Scheduler {
  return createLocalScheduler({
    folder: localFolder,
    environment,
    ...(onLocalChange === undefined ? {} : { onChange: onLocalChange })
  })
}

function openShell(known: KnownPlatform, user: string, { environment }: ThisMachine): RemoteShell {
  if (known.transport === 'local') return createLocalShell(environment, environment.HOME ?? '/')
  const credential = known.credentials[user]
  if (credential === undefined) {
    throw new CredentialsError(`${user} has no credential for ${known.name}`, {
      hint: `put one under platforms.${known.name}.credentials in the configuration`
    })
  }
  if (known.hosts.length === 0)
    throw connectionError('name', new UnavailableError(`${known.name} has no hosts in the configuration`))
  const { hosts, hostKeys, knownHostsFile, maxChannels } = known
  return createSshShell({ hosts, credential, hostKeys, knownHostsFile }, { maxChannels })
}
