#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# SpamAssassin's Bayes alone, in one process: spamassassin_bayes.pl FOLDER. It reads "learn ham|spam PATH", "sync" and "score PATH", and
# answers each with a line; a score is 0 to 1.
use strict;
use warnings;
use Mail::SpamAssassin;

$| = 1;
my $folder = shift;
my $rules = <<"END";
loadplugin Mail::SpamAssassin::Plugin::Bayes
use_bayes 1
bayes_path $folder/bayes
bayes_auto_learn 0
bayes_auto_expire 0
bayes_learn_to_journal 0
bayes_journal_max_size 0
lock_method flock
bayes_min_ham_num 1
bayes_min_spam_num 1
body BAYES_ANY eval:check_bayes('0.00', '1.00')
loadplugin Mail::SpamAssassin::Plugin::Check
END
$rules .= join '', map { slurp($_) } glob '/usr/share/spamassassin/20_aux_tlds.cf'; # what links are told by
my $filter = Mail::SpamAssassin->new({
    config_text => $rules, local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => "$folder/none", userstate_dir => $folder,
    require_rules => 0,
});
$filter->init(1);
$filter->init_learner({learn_to_journal => 0, wait_for_lock => 1, caller_will_untie => 1});

sub slurp {
    my $path = shift;
    open(my $file, '<:raw', $path) or die "$path: $!";
    local $/;
    return <$file>;
}

sub message {
    return $filter->parse(slurp(shift));
}

while (my $line = <STDIN>) {
    chomp $line;
    if ($line =~ /^learn (ham|spam) (.*)/) {
        my $mail = message($2);
        $filter->learn($mail, undef, $1 eq 'spam', 0);
        $mail->finish;
        print "learnt\n";
    } elsif ($line eq 'sync') {
        $filter->rebuild_learner_caches;
        $filter->finish_learner;
        print "synced\n";
    } elsif ($line =~ /^score (.*)/) {
        my $mail = message($1);
        my $status = $filter->check($mail);
        my $score = $status->{bayes_score};
        printf "%.12g\n", defined $score ? $score : 0.5;
        $status->finish;
        $mail->finish;
    }
}
