// @ts-check
/*
 * Runs one batch script of platform `local` and outlives the Lautta that started it: `node runner.mjs <job folder>`.
 * Plain JavaScript, because it must start at once and depend on nothing; its types are checked all the same.
 *
 * It reads job.json, claims the job by making run.json (who I am), and at the end renames end.json into place: what
 * the job used and how it ended. A reader that finds neither end.json nor the process of run.json knows that the
 * runner was killed.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeSync
} from 'node:fs'
import { constants } from 'node:os'

/** @typedef {import('./local-job.ts').LocalJob} LocalJob */
/** @typedef {import('./local-job.ts').LocalRun} LocalRun */
/** @typedef {import('./local-job.ts').LocalEnd} LocalEnd */

const firstSampleMs = 20
const slowestSampleMs = 500
const ticksPerSecond = 100
const leaveAgainMs = 2000

process.chdir(process.argv[2] ?? '.')
/** @type {LocalJob} */
const job = JSON.parse(readFileSync('job.json', 'utf8'))

/** @type {LocalEnd['why']} */
let why = 'exit'
/** @type {import('node:child_process').ChildProcess | undefined} */
let child
// Before the claim: who reads run.json may signal us, and a cancel must not look like a killed runner.
process.on('SIGTERM', () => terminate('cancelled'))
process.on('SIGINT', () => terminate('cancelled'))
process.on('SIGHUP', () => {})

// --- Claim: link() succeeds once, so a job that two runners were started for runs once.
const startTicks = Number(statFields('self')[19])
const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
const mark = `${bootId}-${process.pid}-${startTicks}`
const startedAt = new Date().toISOString()
/** @type {LocalRun} */
const run = { pid: process.pid, startTicks, bootId, mark, startedAt }
const claim = `run.${process.pid}`
try {
  writeDurably(claim, run)
  linkSync(claim, 'run.json')
} catch {
  // Another runner has the job, or the disk is full: then the job waits on.
  process.exitCode = 3
} finally {
  rmSync(claim, { force: true })
}
if (process.exitCode === 3) process.exit()

// --- The job gets a session of its own and, where the kernel allows it, a pid namespace: when that ends, or this
// runner is killed, every descendant goes with it. A few lines of Perl start the script and wait for it: they tell how
// it ended as wait() gives it, which a shell can't, and, where we know the number of getrusage, what its processes used.
const inNamespace = [
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-current-user'])
]
const isIsolated = spawnSync('unshare', [...inNamespace, 'perl', '-e', '1'], { stdio: 'ignore' }).status === 0
const getrusageNumber = { x64: 98, arm64: 165 }[/** @type {string} */ (process.arch)] ?? 0
const startAndWait = `my $number = 0 + shift; my $script = fork; die unless defined $script;
if (!$script) { open(my $report, '>&=', 3); close $report; exec { $ARGV[0] } @ARGV; exit 127 }
$SIG{$_} = 'IGNORE' for qw(TERM INT HUP);
while ((my $ended = wait) > 0) {
  next if $ended != $script;
  my $status = $?; my $usage = chr(0) x 144;
  my @used = $number && !syscall($number, -1, $usage) ? unpack('q5', $usage) : ();
  open(my $report, '>&=', 3); syswrite $report, join(' ', $status, @used); last }`

const cpuSecondsBefore = childrenCpuSeconds()
const begun = process.hrtime.bigint()
let sampledPeakBytes = 0
let report = ''
try {
  start()
} catch (error) {
  // Such as an output file in a folder that is not there.
  process.stderr.write(`${error}\n`)
  finish(1, null)
}

function start() {
  const out = openSync(job.outPath, 'w')
  const err = job.errPath === null ? out : openSync(job.errPath, 'w')
  const isolation = isIsolated ? ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...inNamespace] : []
  const [program = '', ...args] = [...isolation, 'perl', '-e', startAndWait, String(getrusageNumber), job.script]
  const environment = { ...job.environment, LOCAL_JOB_MARK: mark }
  const started = spawn(program, args, {
    cwd: job.workingDirectory,
    detached: true,
    stdio: ['ignore', out, err, 'pipe'],
    env: environment
  })
  child = started
  started.stdio[3]?.on('data', (/** @type {Buffer} */ chunk) => {
    report += chunk
  })
  started.on('error', () => finish(127, null))
  started.on('exit', () => {
    // What the script left behind goes with the namespace; without one, what we can find of it.
    if (!isIsolated) signalAll('SIGKILL')
  })
  started.on('close', (_code, signal) => {
    if (report === '') return finish(null, constants.signals[signal ?? 'SIGKILL'])
    // As wait() gives it: the signal in the lower seven bits, else the exit code above them.
    const status = Number(report.split(' ')[0])
    const signalNumber = status & 127
    finish(signalNumber === 0 ? status >> 8 : null, signalNumber === 0 ? null : signalNumber)
  })
  tick(firstSampleMs)
}

/** Looks at the job again and again: more often while it is young. @param {number} pauseMs */
function tick(pauseMs) {
  setTimeout(() => {
    sampleMemory()
    const elapsedSeconds = Number(process.hrtime.bigint() - begun) / 1e9
    if (job.timeLimitSeconds !== null && elapsedSeconds >= job.timeLimitSeconds) terminate('timeout')
    tick(Math.min(pauseMs * 1.5, slowestSampleMs))
  }, pauseMs)
}

/** TERM to all; to those that stay, KILL after a while. @param {'timeout' | 'cancelled'} reason */
function terminate(reason) {
  if (why !== 'exit') return
  why = reason
  askToEnd()
  setTimeout(() => signalAll('SIGKILL'), job.graceSeconds * 1000)
}

/** Asks until somebody is there to be asked: a job may be cancelled before its script has begun. */
function askToEnd() {
  if (signalAll('SIGTERM') === 0) setTimeout(askToEnd, firstSampleMs)
  else signalAll('SIGCONT')
}

/** All processes of the job but the one that waits for it: of its namespace, else with its mark or in its session. */
function members() {
  const pid = child?.pid
  if (pid === undefined) return []
  const namespace = isIsolated ? readLink(`/proc/${pid}/ns/pid_for_children`) : null
  // Until unshare has made the job's namespace it is in ours, with every process of this machine.
  if (namespace !== null && namespace === readLink('/proc/self/ns/pid')) return []
  const waiter = isIsolated ? Number(readText(`/proc/${pid}/task/${pid}/children`)) : pid
  const isMember = (/** @type {number} */ other) =>
    isIsolated ? namespace !== null && readLink(`/proc/${other}/ns/pid`) === namespace : isMarked(other)
  return readdirSync('/proc')
    .map(Number)
    .filter((other) => other > 0 && other !== waiter && isMember(other))
}

/** @param {string} path */
function readLink(path) {
  try {
    return readlinkSync(path)
  } catch {
    return null // gone, or another user's
  }
}

/** @param {number} pid */
function isMarked(pid) {
  try {
    return (
      statFields(pid)[3] === String(child?.pid) ||
      readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`LOCAL_JOB_MARK=${mark}\0`)
    )
  } catch {
    return false // gone, or another user's
  }
}

/** Answers how many it reached. @param {NodeJS.Signals} signal */
function signalAll(signal) {
  let reached = 0
  for (const pid of members()) {
    try {
      process.kill(pid, signal)
      reached++
    } catch {
      // gone in the meantime
    }
  }
  return reached
}

/** What all processes of the job have together at this moment. */
function sampleMemory() {
  let sum = 0
  for (const pid of members()) {
    const status = readText(`/proc/${pid}/status`)
    const bytes = (/** @type {string} */ field) =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
    sum += bytes('VmRSS')
  }
  sampledPeakBytes = Math.max(sampledPeakBytes, sum)
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // gone in the meantime
  }
}

/** CPU time of all children that were waited for, and of theirs. */
function childrenCpuSeconds() {
  const fields = statFields('self')
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond
}

/** The fields of /proc/<pid>/stat behind the program's name, which may itself hold blanks. @param {number | 'self'} pid */
function statFields(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** @param {string} path @param {object} content */
function writeDurably(path, content) {
  const file = openSync(path, 'w', 0o600)
  writeSync(file, JSON.stringify(content))
  fsyncSync(file)
  closeSync(file)
}

/** @param {number | null} exitCode @param {number | null} signal */
function finish(exitCode, signal) {
  // Two times of seconds and microseconds, then the peak of the largest process in kB. It knows only descendants that
  // were waited for; samples know only what lived long enough.
  const [, userSeconds, userMicroseconds = 0, systemSeconds = 0, systemMicroseconds = 0, peakKb = 0] = report
    .split(' ')
    .map(Number)
  const measured = userSeconds === undefined ? null : userSeconds + systemSeconds + (userMicroseconds + systemMicroseconds) / 1e6
  const peakMemoryBytes = Math.max(sampledPeakBytes, peakKb * 1024)
  /** @type {LocalEnd} */
  const end = {
    ...{ why, exitCode, signal, startedAt, endedAt: new Date().toISOString() },
    cpuSeconds: Math.max(measured ?? 0, childrenCpuSeconds() - cpuSecondsBefore),
    peakMemoryBytes: peakMemoryBytes === 0 ? null : peakMemoryBytes
  }
  leave(end)
}

/** On a full disk it tries again: an end that is not written is lost. @param {LocalEnd} end */
function leave(end) {
  try {
    writeDurably('end.json.tmp', end)
    renameSync('end.json.tmp', 'end.json')
    process.exit(0)
  } catch {
    setTimeout(leave, leaveAgainMs, end)
  }
}
