import { existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SlurmServer } from '../../../test/servers/slurm.ts'

/** What test/servers/install-ray makes. */
const wheels = fileURLToPath(new URL('../../../.test/ray', import.meta.url))

/** For `requireCommands`. */
export const rayCommands = [`${wheels}/bin/ray`]

/** The software of a SLURM whose jobs can use Ray: the wheels, and the Python that they are for. */
export function raySoftware(): Record<string, string> {
  const python = `${wheels}/bin/python3`
  return existsSync(python) ? { ray: wheels, python: dirname(dirname(realpathSync(python))) } : {}
}

// As a module of a site would: a Python that was built elsewhere may look for its library where that is not seen.
const script = `set -eu
export LD_LIBRARY_PATH=/appl/python/lib
/appl/python/bin/python3 -m venv --without-pip "$1"
echo /appl/ray/lib/python3.*/site-packages >"$(echo "$1"/lib/python3.*/site-packages)/ray.pth"
echo "export LD_LIBRARY_PATH=$LD_LIBRARY_PATH" >>"$1/bin/activate"
cat >"$1/bin/ray"
chmod +x "$1/bin/ray"`

const rayProgram = (venv: string) => `#!${venv}/bin/python3
import sys
from ray.scripts.scripts import main
sys.exit(main())
`

/** Makes a venv with Ray in the home of the user; `program` may stand in for its command `ray`. */
export async function putRay({ exec }: Pick<SlurmServer, 'exec'>, name = 'ray-venv', program?: string): Promise<void> {
  const venv = `/users/csc/${name}`
  const { exitCode, stderr } = await exec(['bash', '-c', script, 'bash', venv], { stdin: program ?? rayProgram(venv) })
  if (exitCode !== 0) throw new Error(stderr)
}

const hideServe = `cat >"$(echo "$1"/lib/python3.*/site-packages)/sitecustomize.py"
. "$1/bin/activate"
! python3 -c 'from ray import serve' 2>/dev/null`

/** The same as where Ray was installed without what Serve needs. */
export async function putRayWithoutServe(slurm: Pick<SlurmServer, 'exec'>, name: string): Promise<void> {
  await putRay(slurm, name)
  const stdin = "import sys\nsys.modules.update(dict.fromkeys(['starlette', 'fastapi', 'uvicorn']))\n"
  const { exitCode, stderr } = await slurm.exec(['bash', '-c', hideServe, 'bash', `/users/csc/${name}`], { stdin })
  if (exitCode !== 0) throw new Error(`Serve is not hidden\n${stderr}`)
}
