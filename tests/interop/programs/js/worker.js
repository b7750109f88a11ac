// A worker of npm's gearman: node worker.js PORT FUNCTION=BEHAVIOUR[/MILLISECONDS] ...
// It sleeps first and grabs a job only after a NOOP, as the package's examples do.
'use strict'

const readline = require('readline')
const gearman = require('gearman')

const [port, ...abilities] = process.argv.slice(2)
const worker = gearman('127.0.0.1', Number(port))
const behaviourOf = {}
const lines = []
const waiting = []

// Lines of standard input wait for a held job, and held jobs for a line.
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  waiting.length ? waiting.shift()() : lines.push(line)
})
const nextLine = (then) => lines.length ? then(lines.shift()) : waiting.push(then)

const reversed = (payload) => Buffer.from(payload).reverse()

const behaviours = {
  reverse: (job) => worker.sendWorkComplete(job.handle, reversed(job.payload)),
  length: (job) => worker.sendWorkComplete(job.handle, String(job.payload.length)),
  empty: (job) => worker.sendWorkComplete(job.handle, Buffer.alloc(0)),
  fail: (job) => worker.sendWorkFail(job.handle),
  exception: (job) => worker.sendWorkException(job.handle, 'boom'),
  progress: (job) => {
    worker.sendWorkData(job.handle, 'one')
    worker.sendWorkWarning(job.handle, 'careful')
    worker.sendWorkStatus(job.handle, '1', '2')
    worker.sendWorkData(job.handle, 'two')
    behaviours.reverse(job)
  },
  hold: (job) => {
    worker.sendWorkStatus(job.handle, '3', '7')
    process.stdout.write(`holding ${job.payload}\n`)
    nextLine(() => {
      behaviours.reverse(job)
      worker.preSleep()
    })
    return true
  },
  // A result for a job that never was, then the real one.
  stranger: (job) => {
    worker.sendWorkComplete('H:nowhere:1', 'lost')
    behaviours.reverse(job)
  },
}

worker.on('NOOP', () => worker.grabUniqueJob())
worker.on('NO_JOB', () => worker.preSleep())
worker.on('JOB_ASSIGN_UNIQ', (job) => {
  const held = behaviours[behaviourOf[job.func_name]](job)
  if (!held) worker.preSleep()
})
worker.on('ERROR', (code, text) => process.stdout.write(`ERROR ${code} ${text}\n`))
worker.on('close', () => process.exit(1))
worker.connect(() => {
  worker.setWorkerId('npm-worker')
  for (const ability of abilities) {
    const [name, behaviour] = ability.split('=')
    const [plain, milliseconds] = behaviour.split('/')
    behaviourOf[name] = plain
    worker.addFunction(name, Number(milliseconds || 0))
  }
  worker.preSleep()
})
