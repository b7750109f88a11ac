<?php
// A worker: says how many bytes a job's workload has. Usage: php worker.php [SECONDS_PER_JOB]
$seconds = (int) ($argv[1] ?? 0);

$worker = new GearmanWorker();
$worker->addServer('127.0.0.1', 4730);
$worker->addFunction('length', function (GearmanJob $job) use ($seconds) {
    echo 'worker ', getmypid(), ' takes ', $job->handle(), "\n";
    sleep($seconds);
    return (string) strlen($job->workload());
});

while ($worker->work());

fwrite(STDERR, $worker->error() . "\n");
exit(1);
