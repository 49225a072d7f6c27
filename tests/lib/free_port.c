/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints a TCP port of 127.0.0.1 that is free at this moment. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
		perror("free_port");
		return EXIT_FAILURE;
	}
	printf("%u\n", (unsigned int)ntohs(address.sin_port));
	return EXIT_SUCCESS;
}
