import { declareJob } from '@lautta/core/job/job'
import { createFolderStore } from '@lautta/object-store/folder'
import { finishLog } from '../src/finish-log.ts'

// A process of its own finishes the log of a run, and tells the most memory that it had: `<store> <bucket> <run as JSON>`.
const [path = '', bucket = '', run = ''] = process.argv.slice(2)
const attempt = { ...declareJob(0), outPath: '/out', errPath: '/err' }
await finishLog(createFolderStore(path), bucket, JSON.parse(run), attempt, [])
process.stdout.write(String(process.resourceUsage().maxRSS * 1024))
