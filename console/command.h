/* SPDX-License-Identifier: ISC
 * The subcommands of gatepostctl.
 * argv[0] is the subcommand's last word; each returns the exit status. */
#ifndef CONSOLE_COMMAND_H
#define CONSOLE_COMMAND_H

enum exit_status {
    STATUS_FINE = 0,
    STATUS_ERROR = 1,
    STATUS_UNSURE = 2, /* nothing is wrong as far as could be seen, which was not all */
    STATUS_REJECT = 10,
    STATUS_DEFER = 11,
    STATUS_DISCARD = 12,
    STATUS_DROP = 13,
    STATUS_QUARANTINE = 14,
    STATUS_REDIRECT = 15
};

int command_check(int argc, char *argv[]);
int command_dkim_generate(int argc, char *argv[]);
int command_dkim_show(int argc, char *argv[]);
int command_dkim_check(int argc, char *argv[]);
int command_dkim_rotate(int argc, char *argv[]);
int command_export(int argc, char *argv[]);
int command_forget(int argc, char *argv[]);
int command_learn(int argc, char *argv[]);
int command_learn_build(int argc, char *argv[]);
int command_learn_forget(int argc, char *argv[]);
int command_learn_rollback(int argc, char *argv[]);
int command_learn_status(int argc, char *argv[]);
int command_list_show(int argc, char *argv[]);
int command_list_add(int argc, char *argv[]);
int command_list_remove(int argc, char *argv[]);
int command_opinions(int argc, char *argv[]);
int command_probe(int argc, char *argv[]);
int command_selftest(int argc, char *argv[]);
int command_sessions(int argc, char *argv[]);
int command_top(int argc, char *argv[]);
int command_metrics(int argc, char *argv[]);
int command_reload(int argc, char *argv[]);
int command_stats(int argc, char *argv[]);
int command_status(int argc, char *argv[]);
int command_trace(int argc, char *argv[]);
int command_transparent_rules(int argc, char *argv[]);
int command_why(int argc, char *argv[]);
int command_journal_list(int argc, char *argv[]);
int command_journal_show(int argc, char *argv[]);
int command_journal_delete(int argc, char *argv[]);
int command_quarantine_list(int argc, char *argv[]);
int command_quarantine_show(int argc, char *argv[]);
int command_quarantine_release(int argc, char *argv[]);
int command_quarantine_delete(int argc, char *argv[]);
int command_quarantine_report(int argc, char *argv[]);
int command_policy_check(int argc, char *argv[]);
int command_policy_test(int argc, char *argv[]);
int command_policy_explain(int argc, char *argv[]);

/* Says how a subcommand is used, on stderr. Returns STATUS_ERROR. */
int command_usage(const char *synopsis);

/* gatepostctl: `what`: `why`, on stderr. Returns STATUS_ERROR. */
int command_error(const char *what, const char *why);

#endif
