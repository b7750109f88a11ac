#!/usr/bin/perl
# A client of Gearman::Client: perl client.pl PORT MODE FUNCTION [ARGUMENT]; the workload is
# standard input. The environment variable PREFIX sets the prefix of all function names.
#
#   do          prints the result
#   events      one task with every callback; ARGUMENT "exceptions" asks for exceptions
#   taskset     ARGUMENT tasks at once, workloads "1", "2" ...; prints "<workload> <result>" lines
#   merge       two tasks with the same unique, from two connections
#   background  one background job of each priority; prints each handle
#   status      prints get_status() of the handle ARGUMENT
#   server      prints get_job_server_status() of the function
use strict;
use warnings;
use Gearman::Client;

$| = 1;
my ($port, $mode, $function, $argument) = @ARGV;
my $server = "127.0.0.1:$port";
binmode STDIN;
binmode STDOUT;
my $workload = do { local $/; <STDIN> };

sub client {
    return Gearman::Client->new(job_servers => [$server], prefix => $ENV{PREFIX}, @_);
}

sub say_line { print join(' ', @_), "\n" }

my %modes = (
    do => sub {
        my $result = client->do_task($function, $workload, { timeout => 15 });
        defined $result or die "failed\n";
        print $$result;
    },
    events => sub {
        my $client = client(exceptions => defined $argument ? 1 : 0);
        my $tasks  = $client->new_task_set;
        my $handle = $tasks->add_task(
            $function, \$workload,
            {
                on_data      => sub { say_line 'data',    ${ $_[0] } },
                on_warning   => sub { say_line 'warning', ${ $_[0] } },
                on_status    => sub { say_line 'status',  "$_[0]/$_[1]" },
                on_exception => sub { say_line 'exception', $_[0] },
                on_fail      => sub { say_line 'fail' },
                on_complete  => sub { say_line 'complete', ${ $_[0] } },
            }
        );
        say_line 'created', $handle;
        $tasks->wait(timeout => 15);
    },
    taskset => sub {
        my $tasks = client->new_task_set;
        for my $number (1 .. $argument) {
            $tasks->add_task($function, "$number",
                { on_complete => sub { say_line $number, ${ $_[0] } } });
        }
        $tasks->wait(timeout => 15);
    },
    merge => sub {
        my @tasksets = map { client->new_task_set } 1 .. 2;
        for my $tasks (@tasksets) {
            my $handle = $tasks->add_task($function, \$workload,
                { uniq => $argument, on_complete => sub { say_line 'complete', ${ $_[0] } } });
            say_line 'created', $handle;
        }
        $_->wait(timeout => 15) for @tasksets;
    },
    background => sub {
        my $client = client;
        for my $priority ('low', 'normal', 'high') {
            say_line $client->dispatch_background($function, "$priority $workload",
                { priority => $priority });
        }
    },
    status => sub {
        my $status = client->get_status($argument);
        my $progress = $status->progress;
        say_line 'known', $status->known ? 1 : 0, 'running', $status->running ? 1 : 0,
            $progress ? join '/', @$progress : '-';
    },
    server => sub {
        my $row = client->get_job_server_status->{$server}{$function};
        say_line map {"$_ $row->{$_}"} sort keys %$row;
    },
);
$modes{$mode}->();
