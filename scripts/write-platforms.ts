import { readFileSync, writeFileSync } from 'node:fs'
import { platformsPage } from './platforms-page.ts'

const example = readFileSync(new URL('../examples/platforms/lautta.yaml', import.meta.url), 'utf8')
writeFileSync(new URL('../docs/platforms.md', import.meta.url), platformsPage(example))
