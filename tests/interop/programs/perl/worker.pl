#!/usr/bin/perl
# A worker of Gearman::Worker: perl worker.pl PORT FUNCTION=BEHAVIOUR[/TIMEOUT] ...
# TIMEOUT is the time limit that register_function() is given.
# The environment variable PREFIX sets the prefix of all function names.
use strict;
use warnings;
use Gearman::Worker;

$| = 1;
my ($port, @abilities) = @ARGV;
my $worker = Gearman::Worker->new(job_servers => ["127.0.0.1:$port"], prefix => $ENV{PREFIX});

my %behaviours = (
    reverse => sub { scalar reverse $_[0]->arg },
    length  => sub { length $_[0]->arg },
    empty   => sub { '' },
    zero    => sub { '0' },
    fail    => sub { undef },

    exception => sub { $worker->send_work_exception($_[0], 'boom') },

    # A die() sends WORK_EXCEPTION, frozen by Storable, and WORK_FAIL after it.
    die      => sub { die "boom\n" },
    progress => sub {
        my $job = shift;
        $worker->send_work_data($job, 'one');
        $worker->send_work_warning($job, 'careful');
        $job->set_status(1, 2);
        $worker->send_work_data($job, 'two');
        scalar reverse $job->arg;
    },
    # Works for a fifth of a second.
    nap => sub {
        select undef, undef, undef, 0.2;
        scalar reverse $_[0]->arg;
    },
    hold => sub {
        my $job = shift;
        $job->set_status(3, 7);
        print 'holding ', $job->arg, "\n";
        defined <STDIN> or exit 1;
        scalar reverse $job->arg;
    },
);

for my $ability (@abilities) {
    my ($function, $behaviour) = split /=/, $ability;
    ($behaviour, my $timeout) = split m{/}, $behaviour;
    $worker->register_function($function, $timeout ? $timeout : (), $behaviours{$behaviour});
}
$worker->work;
