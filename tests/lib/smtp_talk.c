/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp_talk PORT|COMMAND MESSAGE [SOURCE]: speaks the commands on standard input, one
 * a line, to the SMTP server on 127.0.0.1:PORT, or to COMMAND, which the shell starts and
 * which speaks SMTP on its standard input and output, and waits for the answer to each.
 * SOURCE, an address of this host, is where the connection comes from; with an
 * IPv6 one it goes to [::1].
 * After a 354 the file MESSAGE is sent, byte for byte but for line ends and
 * dots, as the command ".". Prints one line for each command:
 *
 *	COMMAND <tab> REPLY
 *
 * with the lines of a longer reply joined by " / ".
 */

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define REPLY_LIMIT_S 60

struct server {
	FILE *from;
	FILE *to;
};

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static struct addrinfo *numeric(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *address;

	if (getaddrinfo(host, port, &hints, &address) != 0) {
		fprintf(stderr, "smtp_talk: %s is no address\n", host);
		exit(EXIT_FAILURE);
	}
	return address;
}

static struct server server_at(int fd)
{
	struct server server = { fdopen(fd, "r"), fdopen(dup(fd), "w") };

	if (server.from == NULL || server.to == NULL)
		die("smtp_talk: fdopen");
	return server;
}

static struct server start(const char *command)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		die("smtp_talk: socketpair");
	switch (fork()) {
	case -1:
		die("smtp_talk: fork");
		break;
	case 0:
		dup2(ends[1], STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		die("smtp_talk: sh");
		break;
	default:
		close(ends[1]);
	}
	return server_at(ends[0]);
}

static struct server connect_to(const char *port, const char *source)
{
	bool is_v6 = source != NULL && strchr(source, ':') != NULL;
	struct addrinfo *from = source != NULL ? numeric(source, "0") : NULL;
	struct addrinfo *to = numeric(is_v6 ? "::1" : "127.0.0.1", port);
	struct timeval limit = { .tv_sec = REPLY_LIMIT_S };
	int fd = socket(to->ai_family, SOCK_STREAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
	    (from != NULL && bind(fd, from->ai_addr, from->ai_addrlen) != 0) ||
	    connect(fd, to->ai_addr, to->ai_addrlen) != 0)
		die("smtp_talk: connect");
	if (from != NULL)
		freeaddrinfo(from);
	freeaddrinfo(to);
	return server_at(fd);
}

/* Prints what the server answers to COMMAND; true when it asks for the message. */
static bool answered(struct server *server, const char *command)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	bool wants_message, more;

	printf("%s\t", command);
	do {
		length = getline(&line, &size, server->from);
		if (length < 4) {
			printf("connection lost\n");
			exit(EXIT_FAILURE);
		}
		line[strcspn(line, "\r\n")] = '\0';
		more = line[3] == '-';
		printf("%s%s", line, more ? " / " : "\n");
	} while (more);
	wants_message = strncmp(line, "354", 3) == 0;
	free(line);
	return wants_message;
}

static void send_line(struct server *server, const char *line, size_t length)
{
	fwrite(line, 1, length, server->to);
	fputs("\r\n", server->to);
}

static void flush(struct server *server)
{
	if (fflush(server->to) != 0 || ferror(server->to))
		die("smtp_talk: write");
}

static void send_message(struct server *server, const char *path)
{
	FILE *message = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (message == NULL)
		die(path);
	for (length = getline(&line, &size, message); length > 0;
	     length = getline(&line, &size, message)) {
		if (line[length - 1] == '\n')
			length--;
		if (line[0] == '.')
			fputc('.', server->to);
		send_line(server, line, (size_t)length);
	}
	free(line);
	fclose(message);
	send_line(server, ".", 1);
	flush(server);
}

int main(int argc, char **argv)
{
	struct server server;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: smtp_talk PORT|COMMAND MESSAGE [SOURCE] <DIALOGUE\n");
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0); /* whoever waits for an answer sees it */
	server = strchr(argv[1], ' ') != NULL ? start(argv[1]) : connect_to(argv[1], argv[3]);
	answered(&server, "connect");
	for (length = getline(&line, &size, stdin); length > 0;
	     length = getline(&line, &size, stdin)) {
		if (line[length - 1] == '\n')
			line[--length] = '\0';
		send_line(&server, line, (size_t)length);
		flush(&server);
		if (answered(&server, line)) {
			send_message(&server, argv[2]);
			answered(&server, ".");
		}
	}
	free(line);
	fclose(server.from);
	fclose(server.to);
	return EXIT_SUCCESS;
}
