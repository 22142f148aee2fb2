import { buildVenv } from '@lautta/platforms/build-venv'
import { runCommand } from '@lautta/platforms/run-command'
import type { JobWork } from './job-work.ts'

/** Makes the virtual environment that the order names; one that was made is told. */
export async function prepareVenv({ part, known, platform, notice }: JobWork): Promise<void> {
  const { venv } = part.configs
  if (venv.name === 'None' || venv.path === 'None') return
  const folder = `${venv.path.replace(/\/$/, '')}/${venv.name}`
  const environment = { preamble: known.preamble, modules: venv.modules }
  const python = await runCommand(platform.shell, buildVenv({ folder, packages: venv.packages }, environment))
  if (python !== null) await notice(`the venv ${folder} was built with ${python}`)
}
