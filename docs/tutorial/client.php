<?php
// A client: asks for the length of a text and prints it. Usage: php client.php [TEXT]
$text = $argv[1] ?? 'Hello';

$client = new GearmanClient();
$client->addServer('127.0.0.1', 4730);
$length = $client->doNormal('length', $text);

if ($client->returnCode() !== GEARMAN_SUCCESS) {
    fwrite(STDERR, "no result: " . $client->error() . "\n");
    exit(1);
}
echo $length, "\n";
