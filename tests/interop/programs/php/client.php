<?php
// A client of the PHP extension: php client.php PORT MODE FUNCTION [ARGUMENT]; the workload is
// standard input. PORT may be a list of several: 4730,4731.
//
//   do          prints the result
//   lines       does a job for each line of standard input as it comes; prints each result; goes to
//               the next server when one fails, because libgearman, given two that live, at times
//               waits for the answer from the wrong one
//   priorities  a high, a normal and a low foreground job; prints the results
//   events      one task with every callback
//   many        ARGUMENT tasks at once, workloads "0", "1" ...; prints "<workload> <result>" lines
//   background  one background job of each priority; prints each handle
//   tasks       one background task of each priority by runTasks(); prints each handle
//   status      prints jobStatus() of the handle ARGUMENT
//   unique      prints jobStatusByUniqueKey() of ARGUMENT
//   ping        prints what ping() returns

[, $ports, $mode, $function] = $argv;
$argument = $argv[4] ?? null;
$workload = $mode === 'lines' ? null : stream_get_contents(STDIN);

function connect(string ...$ports): GearmanClient
{
    $client = new GearmanClient();
    $client->setTimeout(15000);
    foreach ($ports as $port) {
        try {
            $client->addServer('127.0.0.1', (int) $port);
        } catch (GearmanException) {
            // addServer() connects at once; a client with several servers leaves out a dead one.
        }
    }
    return $client;
}

function check(GearmanClient $client): void
{
    if ($client->returnCode() !== GEARMAN_SUCCESS) {
        echo 'code ', $client->returnCode(), "\n";
        fwrite(STDERR, $client->error() . "\n");
        exit(1);
    }
}

function say(string $event): callable
{
    return function (GearmanTask $task) use ($event) {
        echo rtrim("$event " . $task->data()), "\n";
    };
}

function created(GearmanTask $task): void
{
    echo 'created ', $task->jobHandle(), "\n";
}

$ports = explode(',', $ports);
$client = $mode === 'lines' ? null : connect(...$ports);

switch ($mode) {
    case 'do':
        $result = $client->doNormal($function, $workload);
        while (in_array($client->returnCode(), [GEARMAN_WORK_DATA, GEARMAN_WORK_STATUS], true)) {
            $result = $client->doNormal($function, $workload);
        }
        check($client);
        echo $result;
        break;
    case 'lines':
        while (($line = fgets(STDIN)) !== false) {
            foreach ($ports as $port) {
                $one = connect($port);
                $result = @$one->doNormal($function, rtrim($line));
                if ($one->returnCode() === GEARMAN_SUCCESS) {
                    break;
                }
            }
            check($one);
            echo $result, "\n";
        }
        break;
    case 'priorities':
        echo $client->doHigh($function, $workload), ' ';
        echo $client->doNormal($function, $workload), ' ';
        echo $client->doLow($function, $workload), "\n";
        check($client);
        break;
    case 'events':
        $client->setCreatedCallback('created');
        $client->setDataCallback(say('data'));
        $client->setWarningCallback(say('warning'));
        $client->setStatusCallback(function (GearmanTask $task) {
            echo "status {$task->taskNumerator()}/{$task->taskDenominator()}\n";
        });
        $client->setExceptionCallback(say('exception'));
        $client->setFailCallback(say('fail'));
        $client->setCompleteCallback(say('complete'));
        $client->addTask($function, $workload);
        $client->runTasks();
        check($client);
        break;
    case 'many':
        $client->setCompleteCallback(function (GearmanTask $task, string $name) {
            echo "$name {$task->data()}\n";
        });
        for ($i = 0; $i < (int) $argument; $i++) {
            $client->addTask($function, (string) $i, (string) $i);
        }
        $client->runTasks();
        check($client);
        break;
    case 'background':
        echo $client->doHighBackground($function, "high $workload"), "\n";
        echo $client->doBackground($function, "normal $workload"), "\n";
        echo $client->doLowBackground($function, "low $workload"), "\n";
        check($client);
        break;
    case 'tasks':
        $client->setCreatedCallback('created');
        $client->addTaskLowBackground($function, "low $workload");
        $client->addTaskBackground($function, "normal $workload");
        $client->addTaskHighBackground($function, "high $workload");
        $client->runTasks();
        check($client);
        break;
    case 'status':
        echo json_encode($client->jobStatus($argument)), "\n";
        break;
    case 'unique':
        echo json_encode($client->jobStatusByUniqueKey($argument)), "\n";
        break;
    case 'ping':
        echo json_encode($client->ping($workload)), "\n";
        break;
}
