/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * board - makes, arms and reads the board of inject.so.
 *
 *	board FILE new          an empty board
 *	board FILE arm N        the Nth call from now on fails
 *	board FILE clock SECONDS  the clock is that much ahead, or behind
 *	board FILE calls|faults   prints it; where the last fault was is its first line
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "board.h"

static int usage(void)
{
	fputs("usage: board FILE new|calls|faults|arm N|clock SECONDS\n", stderr);
	return EX_USAGE;
}

static struct board *open_board(const char *path, bool new)
{
	int fd = open(path, O_RDWR | (new ? O_CREAT | O_TRUNC : 0), 0666);
	void *map = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(struct board)) == 0)
		map = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		fprintf(stderr, "board: %s: %s\n", path, strerror(errno));
		return NULL;
	}
	return map;
}

static bool number(const char *text, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

int main(int argc, char **argv)
{
	const char *verb = argc >= 3 ? argv[2] : "";
	struct board *board;
	int64_t value = 0;

	if (argc < 3 || argc > 4 || (argc == 4 && !number(argv[3], &value)))
		return usage();
	board = open_board(argv[1], strcmp(verb, "new") == 0);
	if (board == NULL)
		return EX_NOINPUT;
	if (strcmp(verb, "new") == 0)
		return EXIT_SUCCESS;
	if (strcmp(verb, "arm") == 0 && argc == 4 && value >= 0) {
		memset(board->where, 0, sizeof board->where);
		board->fail_at = value == 0 ? 0 : board->calls + (uint64_t)value;
	} else if (strcmp(verb, "clock") == 0 && argc == 4)
		board->clock_s = value;
	else if (strcmp(verb, "calls") == 0)
		printf("%" PRIu64 "\n", board->calls);
	else if (strcmp(verb, "faults") == 0)
		printf("%" PRIu64 "\n", board->faults);
	else
		return usage();
	return EXIT_SUCCESS;
}
