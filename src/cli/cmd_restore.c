/* SPDX-License-Identifier: BSD-2-Clause */
/* restore: a backup in the cache's place, while others read and write it. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "resetguard/cache_backup.h"
#include "resetguard/time.h"

static void say_contents(const struct cli *cli, const char *what, const struct cache_backup *backup)
{
	const uint64_t *entries = backup->entries;

	cli_say(cli,
		"%s: of %s, last written %s: %" PRIu64 " domains, %" PRIu64 " addresses, %" PRIu64
		" pins, %" PRIu64 " events",
		what, time_format(backup->made_at).text, time_format(backup->committed_at).text,
		entries[STORE_FACTS], entries[STORE_ADDRESSES], entries[STORE_PINS],
		entries[STORE_HISTORY]);
	if (backup->damaged > 0)
		cli_say(cli, "%" PRIu64 " of its records were damaged when it was made",
			backup->damaged);
}

static void restore(struct cli *cli, FILE *stream)
{
	const struct cache_options options = cli_cache_options(cli);
	struct cache_backup backup;
	struct cache_backup replaced;
	struct why why = {""};
	enum err err;

	if (!cli_prepare_cache(cli))
		return;
	err = cache_restore(&options, stream, cli->now, &backup, &replaced, &why);
	if (err != ERR_OK) {
		cli_error(cli, err, "%s; the cache is as it was",
			  why.text[0] == '\0' ? err_text(err) : why.text);
		return;
	}
	say_contents(cli, "restored", &backup);
	if (replaced.committed_at > backup.committed_at)
		cli_say(cli,
			"the cache before it was last written %s: what was verified, un-verified, "
			"pinned and imported since is to be said again",
			time_format(replaced.committed_at).text);
	cli_say(cli, "what the registries have said since is not in it: run 'resetguard refresh "
		     "--all'");
}

static void check(struct cli *cli, FILE *stream)
{
	struct cache_backup backup;
	struct why why = {""};
	enum err err = cache_backup_verify(stream, &backup, &why);

	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text);
	else
		say_contents(cli, "the backup is whole", &backup);
}

/* A pipe is read to its end first: the cache is not kept waiting for it, and the
 * backup is read twice. NULL after a report. */
static FILE *open_backup(struct cli *cli, const char *name)
{
	bool is_stdin = strcmp(name, "-") == 0;
	FILE *given = is_stdin ? stdin : fopen(name, "re");
	FILE *spooled = NULL;
	struct stat status;
	char buffer[65536];
	size_t length;

	if (given == NULL || fstat(fileno(given), &status) != 0) {
		cli_error(cli, err_from_errno(errno), "%s: %s", name, strerror(errno));
		goto out;
	}
	if (S_ISREG(status.st_mode) && !is_stdin)
		return given;
	if (S_ISDIR(status.st_mode)) {
		cli_error(cli, ERR_NO_INPUT, "%s is a directory", name);
		goto out;
	}
	spooled = tmpfile();
	if (spooled == NULL) {
		cli_error(cli, ERR_CANNOT_CREATE, "a temporary file: %s", strerror(errno));
		goto out;
	}
	for (length = fread(buffer, 1, sizeof buffer, given); length > 0;
	     length = fread(buffer, 1, sizeof buffer, given)) {
		if (fwrite(buffer, 1, length, spooled) != length)
			break;
	}
	if (ferror(given) || ferror(spooled) || fflush(spooled) != 0) {
		cli_error(cli, ERR_IO, "%s cannot be copied to a temporary file: %s", name,
			  strerror(errno));
		fclose(spooled);
		spooled = NULL;
	} else {
		rewind(spooled);
	}
out:
	explicit_bzero(buffer, sizeof buffer);
	if (given != NULL && !is_stdin)
		fclose(given);
	return spooled;
}

void cmd_restore(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"check", no_argument, NULL, 'c'},
						{NULL, 0, NULL, 0}};
	bool only_check = false;
	FILE *stream;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option == 'c';
	     option = getopt_long(argc, argv, "", options, NULL))
		only_check = true;
	if (option >= 0 || argc - optind != 1) {
		cli_usage_error(cli, "restore: name one file, or '-' for standard input");
		return;
	}
	stream = open_backup(cli, argv[optind]);
	if (stream == NULL)
		return;
	if (only_check)
		check(cli, stream);
	else if (cli_open_conf(cli))
		restore(cli, stream);
	fclose(stream);
}
