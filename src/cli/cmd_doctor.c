/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor: what is wrong, and the command that mends it. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "doctor.h"
#include "knock.h"

struct manner {
	bool json;
	bool quiet; /* of what needs mending alone */
	bool colour;
	size_t printed;
};

/* What has been found since the last time: some checks take their time. */
static void print_new(const struct doctor *doctor, struct manner *manner)
{
	for (; manner->printed < doctor->findings.count; manner->printed++) {
		const struct finding *finding = &doctor->findings.items[manner->printed];

		if (manner->json)
			finding_print_json(finding, stdout);
		else if (!manner->quiet || finding->level >= LEVEL_WARNING)
			finding_print(finding, manner->colour, stdout);
	}
	(void)fflush(stdout);
}

/* Of a key that is written wrongly, the command puts in the one that it resembles. */
static bool rename_key(struct remedy *remedy, const char *text)
{
	static const char unknown[] = ": unknown key; did you mean ";
	const char *found = strstr(text, unknown);
	const char *key = found;
	const char *nearest = found == NULL ? NULL : found + sizeof unknown - 1;
	char place[FINDING_TEXT_MAX];
	char *colon;

	if (found == NULL)
		return false;
	while (key > text && key[-1] != ' ')
		key--;
	if (key - text < 2)
		return false;
	snprintf(place, sizeof place, "%.*s", (int)(key - text - 2), text);
	colon = strrchr(place, ':');
	if (colon == NULL)
		return false;
	*colon = '\0';
	remedy_words(remedy, (const char *[]){"sed", "-i", NULL});
	remedy_format(remedy, "%ss/%.*s/%.*s/", colon + 1, (int)(found - key), key,
		      (int)strcspn(nearest, "?"), nearest);
	remedy_word(remedy, place);
	return true;
}

static bool open_conf(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	struct remedy remedy = {.length = 0};
	struct why why = {""};
	bool renamed;

	if (conf_read(cli->conf_path, &cli->conf, &why) != ERR_OK) {
		renamed = rename_key(&remedy, why.text);
		if (!renamed)
			(void)remedy_leave_out(&remedy, why.text);
		finding_add(&doctor->findings, "configuration", LEVEL_ERROR, remedy_text(&remedy),
			    "%s%s", why.text,
			    renamed || remedy.length == 0
				    ? ""
				    : " (the command leaves the line out: its default holds then)");
		return false;
	}
	if (domain_suffixes_open(cli->conf->public_suffix_file, &cli->suffixes, &why) != ERR_OK) {
		const char *place = conf_place(cli->conf, "public_suffix_file");

		if (place != NULL)
			(void)remedy_leave_out(&remedy, place);
		else
			remedy_words(&remedy,
				     (const char *[]){"apt-get", "install", "publicsuffix", NULL});
		finding_add(&doctor->findings, "configuration", LEVEL_ERROR, remedy_text(&remedy),
			    "public_suffix_file: %s", why.text);
		return false;
	}
	return true;
}

static void examine(struct doctor *doctor, struct manner *manner)
{
	static void (*const groups[])(struct doctor *) = {
		doctor_files, doctor_milter,  doctor_mta,
		doctor_cache, doctor_machine, doctor_sources,
	};

	doctor->misconfigured = !open_conf(doctor);
	print_new(doctor, manner);
	if (doctor->misconfigured)
		return;
	doctor->milter = knock(doctor->cli->conf->socket, &doctor->milter_pid, &doctor->milter_why);
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		groups[i](doctor);
		print_new(doctor, manner);
	}
}

static void sum_up(struct doctor *doctor, const struct manner *manner)
{
	struct cli *cli = doctor->cli;
	size_t counts[LEVEL_COUNT];

	for (unsigned i = 0; i < LEVEL_COUNT; i++)
		counts[i] = findings_count(&doctor->findings, (enum level)i);
	if (!manner->json && !manner->quiet)
		printf("%zu well, %zu to note, %zu warnings, %zu errors\n", counts[LEVEL_OK],
		       counts[LEVEL_NOTE], counts[LEVEL_WARNING], counts[LEVEL_ERROR]);
	/* Whatever has failed is a finding. */
	cli->negative = counts[LEVEL_WARNING] + counts[LEVEL_ERROR] > 0;
	cli->failed = doctor->misconfigured;
	cli->error_code = err_exit(ERR_CONFIG);
	if (doctor->findings.incomplete)
		cli_error(cli, ERR_NO_MEMORY, "out of memory: not everything is said");
}

void cmd_doctor(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{"postfix", required_argument, NULL, 'p'},
						{"sendmail-cf", required_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	struct doctor doctor = {.cli = cli, .is_root = geteuid() == 0};
	struct manner manner = {.quiet = cli->quiet};
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		switch (option) {
		case 'j':
			manner.json = true;
			break;
		case 'p':
			doctor.postfix_directory = optarg;
			break;
		case 's':
			doctor.sendmail_cf = optarg;
			break;
		default: /* foreign enum */
			cli_usage_error(cli, "doctor: that is no option of this command");
			return;
		}
	}
	if (optind != argc) {
		cli_usage_error(cli, "doctor: takes no names");
		return;
	}
	/* What others say beside their work is said here as a finding. */
	cli->quiet = true;
	manner.colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
	examine(&doctor, &manner);
	sum_up(&doctor, &manner);
	findings_clear(&doctor.findings);
}
