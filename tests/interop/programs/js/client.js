// A client of npm's gearman: node client.js PORT MODE FUNCTION [ARGUMENT]; stdin is the workload.
//
//   do          prints the result
//   events      one job; prints a line for each packet; ARGUMENT "exceptions" sets that option
//   background  one background job of each priority; prints each handle
//   unique      two jobs with the unique ARGUMENT at once; prints a line for each packet
//   status      prints getJobStatus() of the handle, then getJobStatusUnique() of the unique in
//               ARGUMENT, which is HANDLE,UNIQUE
//   echo        prints what echo() brings back
//   admin       prints adminStatus(), adminWorkers() and adminDropFunction() of FUNCTION
'use strict'

const fs = require('fs')
const gearman = require('gearman')

const [port, mode, name, argument] = process.argv.slice(2)
const workload = fs.readFileSync(0)
const client = gearman('127.0.0.1', Number(port))

const say = (...words) => process.stdout.write(words.join(' ') + '\n')

function untilEnded (count, done) {
  const ended = () => {
    if (--count === 0) done()
  }
  for (const type of ['WORK_COMPLETE', 'WORK_FAIL', 'WORK_EXCEPTION']) client.on(type, ended)
}

function tellEverything () {
  client.on('JOB_CREATED', (handle) => say('created', handle))
  client.on('WORK_DATA', (job) => say('data', job.payload))
  client.on('WORK_WARNING', (job) => say('warning', job.warning))
  client.on('WORK_STATUS', (job) => say('status', `${job.percent_num}/${job.percent_den}`))
  client.on('WORK_COMPLETE', (job) => say('complete', job.payload))
  client.on('WORK_FAIL', () => say('fail'))
  client.on('WORK_EXCEPTION', (job) => say('exception', job.exception))
  client.on('OPTION_RES', (option) => say('option', option.option_name))
  client.on('ERROR', (code, text) => say('ERROR', code, text))
}

const tellStatus = (status) => {
  say('known', status.known, 'running', status.running, status.percent_done_num)
}

const modes = {
  do () {
    client.on('WORK_COMPLETE', (job) => {
      process.stdout.write(job.payload)
      client.close()
    })
    client.submitJob(name, workload)
  },
  events () {
    tellEverything()
    untilEnded(1, client.close)
    if (argument) client.setOption(argument)
    client.submitJob(name, workload)
  },
  background () {
    let left = 3
    client.on('JOB_CREATED', (handle) => {
      say(handle)
      if (--left === 0) client.close()
    })
    for (const priority of ['low', 'normal', 'high']) {
      client.submitJob(name, `${priority} ${workload}`, { background: true, priority })
    }
  },
  unique () {
    tellEverything()
    untilEnded(2, client.close)
    client.submitJob(name, workload, { unique_id: argument })
    client.submitJob(name, 'thrown away', { unique_id: argument })
  },
  status () {
    const [handle, unique] = argument.split(',')
    client.on('STATUS_RES', (status) => {
      tellStatus(status)
      client.getJobStatusUnique(unique)
    })
    client.on('STATUS_RES_UNIQUE', (status) => {
      tellStatus(status)
      client.close()
    })
    client.getJobStatus(handle)
  },
  echo () {
    client.on('ECHO_RES', (data) => {
      process.stdout.write(data)
      client.close()
    })
    client.echo(workload)
  },
  admin () {
    client.adminStatus((status) => {
      say('status', JSON.stringify(status[name]))
      client.adminWorkers((workers) => {
        for (const worker of workers) say('worker', worker.ip, worker.id, ...worker.functions)
        client.adminDropFunction(name, (error) => {
          say('drop', error)
          client.adminDropFunction(argument, (other) => {
            say('drop', other)
            client.close()
          })
        })
      })
    })
  },
}
client.connect(() => modes[mode]())
