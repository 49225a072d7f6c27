/* SPDX-License-Identifier: BSD-2-Clause */
/* commands: what cmd_NAME.c offer to the table. argv[0] is the command's name. */
#ifndef RESETGUARD_COMMANDS_H
#define RESETGUARD_COMMANDS_H

#include "cli.h"

void cmd_audit(struct cli *cli, int argc, char **argv);
void cmd_classify(struct cli *cli, int argc, char **argv);
void cmd_backup(struct cli *cli, int argc, char **argv);
void cmd_doctor(struct cli *cli, int argc, char **argv);
void cmd_setup(struct cli *cli, int argc, char **argv);
void cmd_config(struct cli *cli, int argc, char **argv);
void cmd_stats(struct cli *cli, int argc, char **argv);
void cmd_status(struct cli *cli, int argc, char **argv);
void cmd_export(struct cli *cli, int argc, char **argv);
void cmd_history(struct cli *cli, int argc, char **argv);
void cmd_import(struct cli *cli, int argc, char **argv);
void cmd_list(struct cli *cli, int argc, char **argv);
void cmd_lookup(struct cli *cli, int argc, char **argv);
void cmd_pin(struct cli *cli, int argc, char **argv);
void cmd_prune(struct cli *cli, int argc, char **argv);
void cmd_refresh(struct cli *cli, int argc, char **argv);
void cmd_restore(struct cli *cli, int argc, char **argv);
void cmd_unpin(struct cli *cli, int argc, char **argv);
void cmd_unverify(struct cli *cli, int argc, char **argv);
void cmd_verify(struct cli *cli, int argc, char **argv);

#endif
