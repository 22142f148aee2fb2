import { writeFileSync } from 'node:fs'
import { slurmStatesPage } from './slurm-states-page.ts'

writeFileSync(new URL('../docs/slurm-states.md', import.meta.url), slurmStatesPage())
