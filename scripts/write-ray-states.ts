import { writeFileSync } from 'node:fs'
import { rayStatesPage } from './ray-states-page.ts'

writeFileSync(new URL('../docs/ray-states.md', import.meta.url), rayStatesPage())
