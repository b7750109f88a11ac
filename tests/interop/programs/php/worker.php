<?php
// A worker of the PHP extension: php worker.php PORT FUNCTION=BEHAVIOUR[/TIMEOUT] ...
// PORT may be a list of several: 4730,4731. TIMEOUT is the last argument of addFunction().

$behaviours = [
    'reverse' => fn (GearmanJob $job) => strrev($job->workload()),
    'length' => fn (GearmanJob $job) => (string) strlen($job->workload()),
    'empty' => fn (GearmanJob $job) => '',
    'fail' => function (GearmanJob $job) {
        $job->sendFail();
    },
    'exception' => function (GearmanJob $job) {
        $job->sendException('boom');
    },
    'progress' => function (GearmanJob $job) {
        $job->sendData('one');
        $job->sendWarning('careful');
        $job->sendStatus(1, 2);
        $job->sendData('two');
        return strrev($job->workload());
    },
    'hold' => function (GearmanJob $job) {
        $job->sendStatus(3, 7);
        echo 'holding ', $job->workload(), "\n";
        fgets(STDIN) === false && exit(1);
        return strrev($job->workload());
    },
    // Works for a fifth of a second.
    'nap' => function (GearmanJob $job) {
        usleep(200000);
        return strrev($job->workload());
    },
    // The number of this worker's jobs so far, to show how several workers share the work.
    'count' => function (GearmanJob $job) {
        static $jobs = 0;
        return (string) ++$jobs;
    },
    // The smaller copy of a JPEG or PNG image, no more than 64 pixels wide, as PNG.
    'thumbnail' => function (GearmanJob $job) {
        $image = imagecreatefromstring($job->workload());
        ob_start();
        imagepng(imagescale($image, 64));
        return ob_get_clean();
    },
];

$worker = new GearmanWorker();
foreach (explode(',', $argv[1]) as $port) {
    $worker->addServer('127.0.0.1', (int) $port);
}
foreach (array_slice($argv, 2) as $ability) {
    [$function, $behaviour] = explode('=', $ability);
    [$behaviour, $timeout] = explode('/', "$behaviour/0");
    $context = null;
    $worker->addFunction($function, $behaviours[$behaviour], $context, (int) $timeout);
}
while (true) {
    if (!@$worker->work() && $worker->returnCode() !== GEARMAN_WORK_FAIL) {
        echo 'error ', $worker->error(), "\n";
        usleep(20000);
    }
}
