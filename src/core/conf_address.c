/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_address: types of values: networks, sockets, hosts and URLs. */
#include "conf_table.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum {
	SOCKET_PATH_MAX = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1,
	HOST_MAX = DOMAIN_MAX,
	IPV4_MAPPED_BITS = 96, /* before the IPv4 address in an IPv6 one */
};

/* ---- networks ---- */

static void clear_networks(void *field)
{
	struct conf_networks *networks = field;

	free(networks->items);
	*networks = (struct conf_networks){0};
}

/* The network address of a prefix, whatever its host bits are. */
static struct in6_addr without_host_bits(const struct in6_addr *address, unsigned prefix_length)
{
	struct in6_addr network = {0};

	for (unsigned i = 0; i < sizeof(network.s6_addr); i++) {
		unsigned bits = prefix_length > i * 8 ? prefix_length - i * 8 : 0;
		unsigned mask = bits >= 8 ? 0xff : 0xff00U >> bits & 0xff;

		network.s6_addr[i] = (uint8_t)(address->s6_addr[i] & mask);
	}
	return network;
}

static bool is_same_address(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool conf_networks_have(const struct conf_networks *networks, const struct in6_addr *address)
{
	for (size_t i = 0; i < networks->count; i++) {
		const struct conf_network *network = &networks->items[i];
		struct in6_addr part = without_host_bits(address, network->prefix_length);

		if (is_same_address(&part, &network->address))
			return true;
	}
	return false;
}

static void print_network(const struct conf_network *network, FILE *stream)
{
	char text[INET6_ADDRSTRLEN];

	if (IN6_IS_ADDR_V4MAPPED(&network->address) && network->prefix_length >= IPV4_MAPPED_BITS) {
		inet_ntop(AF_INET, &network->address.s6_addr[12], text, sizeof(text));
		fprintf(stream, "%s/%u", text, network->prefix_length - IPV4_MAPPED_BITS);
	} else {
		inet_ntop(AF_INET6, &network->address, text, sizeof(text));
		fprintf(stream, "[%s]/%u", text, network->prefix_length);
	}
}

static void print_networks(const void *field, size_t index, FILE *stream)
{
	const struct conf_networks *networks = field;

	(void)index;
	for (size_t i = 0; i < networks->count; i++) {
		fputs(i == 0 ? "" : " ", stream);
		print_network(&networks->items[i], stream);
	}
}

/* "192.0.2.1", "2001:db8::1" or "[2001:db8::1]". The bits are those of the form
 * as it was written, before it is mapped. */
static bool read_address(const char *text, size_t length, struct in6_addr *address, unsigned *bits)
{
	char plain[INET6_ADDRSTRLEN];
	bool bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';
	struct in_addr v4;

	if (bracketed) {
		text++;
		length -= 2;
	}
	if (length >= sizeof(plain))
		return false;
	memcpy(plain, text, length);
	plain[length] = '\0';
	if (!bracketed && inet_pton(AF_INET, plain, &v4) == 1) {
		*address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
		memcpy(&address->s6_addr[12], &v4, sizeof(v4));
		*bits = 32;
		return true;
	}
	*bits = 128;
	return inet_pton(AF_INET6, plain, address) == 1;
}

static bool read_prefix_length(const char *text, size_t length, unsigned most, unsigned *number)
{
	unsigned value = 0;

	if (length == 0 || length > 3)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*number = value;
	return value <= most;
}

static enum err read_network(const struct conf_key *key, const char *word,
			     struct conf_network *network, struct why *why)
{
	size_t length = strcspn(word, "/");
	struct conf_network result;
	struct in6_addr proper;
	unsigned bits;

	if (!read_address(word, length, &result.address, &bits))
		return conf_not(key, word, why);
	result.prefix_length = bits;
	if (word[length] == '/' && !read_prefix_length(word + length + 1, strlen(word + length + 1),
						       bits, &result.prefix_length))
		return conf_not(key, word, why);
	result.prefix_length += 128 - bits;
	proper = without_host_bits(&result.address, result.prefix_length);
	if (!is_same_address(&proper, &result.address)) {
		char text[INET6_ADDRSTRLEN + sizeof "[]/128"] = "";
		FILE *stream = fmemopen(text, sizeof(text), "w");

		if (stream == NULL)
			return conf_no_memory(why);
		result.address = proper;
		print_network(&result, stream);
		fclose(stream);
		return err_why(ERR_CONFIG, why, "%s is an address within a network; that is %s",
			       word, text);
	}
	*network = result;
	return ERR_OK;
}

static enum err parse_networks(const struct conf_key *key, const struct conf_context *context,
			       const char *value, void *field, struct why *why)
{
	struct conf_networks networks = {0};
	const char *at = value;
	enum err err = ERR_OK;

	(void)context;
	for (size_t length = conf_next_word(&at); length != 0; length = conf_next_word(&at)) {
		char *word = strndup(at, length);
		struct conf_network *items =
			reallocarray(networks.items, networks.count + 1, sizeof(*items));

		if (items != NULL)
			networks.items = items;
		err = word == NULL || items == NULL
			      ? conf_no_memory(why)
			      : read_network(key, word, &items[networks.count], why);
		free(word);
		if (err != ERR_OK)
			break;
		networks.count++;
		at += length;
	}
	if (err == ERR_OK && networks.count == 0)
		err = conf_not(key, value, why);
	if (err != ERR_OK) {
		clear_networks(&networks);
		return err;
	}
	clear_networks(field);
	*(struct conf_networks *)field = networks;
	return ERR_OK;
}

const struct conf_type conf_type_networks = {
	.argument = "network ...",
	.form = "a network such as 192.0.2.0/24, [2001:db8::]/32 or 192.0.2.1",
	.parse = parse_networks,
	.clear = clear_networks,
	.print = print_networks,
	.owns_memory = true,
};

/* ---- hosts, ports, sockets ---- */

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits >= 1 && digits <= 5 && text[digits] == '\0' && atoi(text) >= 1 &&
	       atoi(text) <= 65535;
}

static bool is_host(const char *text, size_t length)
{
	struct in6_addr address;
	struct domain domain;
	unsigned bits;

	return read_address(text, length, &address, &bits) ||
	       domain_from_text(text, length, &domain) == ERR_OK;
}

/* HOST:PORT, where an IPv6 address needs its brackets. */
static bool is_host_port(const char *text)
{
	const char *colon = strrchr(text, ':');

	if (colon == NULL || !is_port(colon + 1))
		return false;
	if (text[0] != '[' && memchr(text, ':', (size_t)(colon - text)) != NULL)
		return false;
	return is_host(text, (size_t)(colon - text));
}

static enum err parse_host_port(const struct conf_key *key, const struct conf_context *context,
				const char *value, void *field, struct why *why)
{
	(void)context;
	if (!is_host_port(value))
		return conf_not(key, value, why);
	return conf_set_string(field, value, why);
}

const struct conf_type conf_type_host_port = {
	.argument = "host:port",
	.form = "HOST:PORT such as 127.0.0.1:53 or [::1]:53",
	.parse = parse_host_port,
	.clear = conf_clear_string,
	.print = conf_print_string,
	.owns_memory = true,
};

/* The text behind prefix, or NULL if value does not begin with it. */
static const char *after(const char *value, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(value, prefix, length) == 0 ? value + length : NULL;
}

static bool is_socket_path(const char *path)
{
	return path[0] == '/' && path[1] != '\0' && strlen(path) <= SOCKET_PATH_MAX;
}

/* PORT@HOST, as libmilter has it. */
static bool is_port_at_host(const char *text)
{
	const char *at = strchr(text, '@');
	char port[6];

	if (at == NULL || (size_t)(at - text) >= sizeof(port))
		return false;
	memcpy(port, text, (size_t)(at - text));
	port[at - text] = '\0';
	return is_port(port) && is_host(at + 1, strlen(at + 1));
}

static enum err parse_socket(const struct conf_key *key, const struct conf_context *context,
			     const char *value, void *field, struct why *why)
{
	const char *path = after(value, "unix:");
	const char *inet = after(value, "inet:");
	const char *inet6 = after(value, "inet6:");
	const char *fd = after(value, "fd:");

	(void)context;
	if (path != NULL && strlen(path) > SOCKET_PATH_MAX)
		return err_why(ERR_CONFIG, why, "the path of a socket has at most %d bytes",
			       (int)SOCKET_PATH_MAX);
	if (inet != NULL && is_host_port(inet))
		return err_why(ERR_CONFIG, why,
			       "\"%s\" is how Postfix writes it; here it is inet:PORT@HOST", value);
	if ((path != NULL && is_socket_path(path)) || (inet != NULL && is_port_at_host(inet)) ||
	    (inet6 != NULL && is_port_at_host(inet6)) ||
	    (fd != NULL && fd[0] != '\0' && strlen(fd) <= 4 &&
	     strspn(fd, "0123456789") == strlen(fd)))
		return conf_set_string(field, value, why);
	return conf_not(key, value, why);
}

const struct conf_type conf_type_socket = {
	.argument = "socket",
	.form = "unix:/PATH, inet:PORT@HOST, inet6:PORT@HOST or fd:NUMBER",
	.parse = parse_socket,
	.clear = conf_clear_string,
	.print = conf_print_string,
	.owns_memory = true,
};

static enum err parse_metrics(const struct conf_key *key, const struct conf_context *context,
			      const char *value, void *field, struct why *why)
{
	const char *path = after(value, "unix:");

	(void)context;
	if (path != NULL ? !is_socket_path(path) : !is_host_port(value))
		return conf_not(key, value, why);
	return conf_set_string(field, value, why);
}

const struct conf_type conf_type_metrics = {
	.argument = "socket",
	.form = "unix:/PATH or ADDRESS:PORT",
	.parse = parse_metrics,
	.clear = conf_clear_string,
	.print = conf_print_string,
	.owns_memory = true,
};

/* ---- URLs ---- */

/* What follows the scheme: a host, perhaps a port, perhaps a path, and nothing
 * that a URL has to encode. User names have no place in a configuration that
 * anybody may read. */
static bool is_url_rest(const char *rest)
{
	size_t authority = strcspn(rest, "/?#");
	char host[HOST_MAX + sizeof "[]:65535"];

	for (const char *at = rest; *at != '\0'; at++) {
		if (*at <= 0x20 || *at > 0x7e || strchr("\"<>\\^`{|}", *at) != NULL)
			return false;
	}
	if (authority >= sizeof(host))
		return false;
	memcpy(host, rest, authority);
	host[authority] = '\0';
	return is_host(host, authority) || is_host_port(host);
}

static enum err check_url(const struct conf_key *key, const struct conf_context *context,
			  const char *value, struct why *why)
{
	const char *secure = after(value, "https://");
	const char *insecure = after(value, "http://");

	if (insecure != NULL && !context->allow_http)
		return err_why(ERR_CONFIG, why,
			       "\"%s\": without TLS anybody on the way can answer; "
			       "it must begin with https://",
			       value);
	if ((secure != NULL && is_url_rest(secure)) || (insecure != NULL && is_url_rest(insecure)))
		return ERR_OK;
	return conf_not(key, value, why);
}

static enum err parse_url(const struct conf_key *key, const struct conf_context *context,
			  const char *value, void *field, struct why *why)
{
	enum err err = check_url(key, context, value, why);

	return err == ERR_OK ? conf_set_string(field, value, why) : err;
}

const struct conf_type conf_type_url = {
	.argument = "URL",
	.form = "a URL that begins with https://",
	.parse = parse_url,
	.clear = conf_clear_string,
	.print = conf_print_string,
	.owns_memory = true,
};

static enum err parse_url_or_file(const struct conf_key *key, const struct conf_context *context,
				  const char *value, void *field, struct why *why)
{
	if (value[0] == '/')
		return conf_set_string(field, value, why);
	return parse_url(key, context, value, field, why);
}

const struct conf_type conf_type_url_or_file = {
	.argument = "URL | path",
	.form = "a URL that begins with https://, or an absolute path",
	.parse = parse_url_or_file,
	.clear = conf_clear_string,
	.print = conf_print_string,
	.owns_memory = true,
};

static enum err parse_proxy(const struct conf_key *key, const struct conf_context *context,
			    const char *value, void *field, struct why *why)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};

	(void)context;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const char *rest = after(value, schemes[i]);

		if (rest != NULL && is_url_rest(rest))
			return conf_set_string(field, value, why);
	}
	return conf_not(key, value, why);
}

const struct conf_type conf_type_proxy = {
	.argument = "URL",
	.form = "a URL that begins with http://, https://, socks5:// or socks5h://",
	.parse = parse_proxy,
	.clear = conf_clear_string,
	.print = conf_print_string,
	.owns_memory = true,
};

/* ---- rdap_server: repeatable; the last one for a TLD counts ---- */

static void server_release(struct conf_rdap_server *server)
{
	free(server->tld);
	free(server->url);
}

static void clear_servers(void *field)
{
	struct conf_rdap_servers *servers = field;

	for (size_t i = 0; i < servers->count; i++)
		server_release(&servers->items[i]);
	free(servers->items);
	*servers = (struct conf_rdap_servers){0};
}

static size_t count_servers(const void *field)
{
	return ((const struct conf_rdap_servers *)field)->count;
}

static void print_server(const void *field, size_t index, FILE *stream)
{
	const struct conf_rdap_servers *servers = field;
	const struct conf_rdap_server *server;

	if (index >= servers->count)
		return;
	server = &servers->items[index];
	fprintf(stream, "%s %s%s", server->tld, server->url,
		server->dates_only ? " dates-only" : "");
}

static enum err keep_server(struct conf_rdap_servers *servers, struct conf_rdap_server server,
			    struct why *why)
{
	struct conf_rdap_server *items;

	for (size_t i = 0; i < servers->count; i++) {
		if (strcmp(servers->items[i].tld, server.tld) == 0) {
			server_release(&servers->items[i]);
			servers->items[i] = server;
			return ERR_OK;
		}
	}
	items = reallocarray(servers->items, servers->count + 1, sizeof(*items));
	if (items == NULL)
		return conf_no_memory(why);
	items[servers->count++] = server;
	servers->items = items;
	return ERR_OK;
}

static enum err parse_server(const struct conf_key *key, const struct conf_context *context,
			     const char *value, void *field, struct why *why)
{
	const char *at = value;
	size_t tld_length = conf_next_word(&at);
	const char *tld = at;
	struct conf_rdap_server server = {0};
	struct domain domain;
	size_t url_length;
	enum err err;

	at += tld_length;
	url_length = conf_next_word(&at);
	server.url = strndup(at, url_length);
	at += url_length;
	if (server.url == NULL)
		return conf_no_memory(why);
	if (conf_next_word(&at) != 0) {
		server.dates_only = strcmp(at, "dates-only") == 0;
		if (!server.dates_only) {
			err = conf_not(key, value, why);
			goto out;
		}
	}
	if (domain_from_text(tld, tld_length, &domain) != ERR_OK) {
		err = conf_not(key, value, why);
		goto out;
	}
	err = check_url(key, context, server.url, why);
	if (err != ERR_OK)
		goto out;
	server.tld = strdup(domain.name);
	err = server.tld == NULL ? conf_no_memory(why) : keep_server(field, server, why);
out:
	if (err != ERR_OK)
		server_release(&server);
	return err;
}

const struct conf_type conf_type_rdap_servers = {
	.argument = "TLD URL [dates-only]",
	.form = "TLD URL or TLD URL dates-only, with a URL that begins with https://",
	.parse = parse_server,
	.clear = clear_servers,
	.print = print_server,
	.count = count_servers,
	.owns_memory = true,
};
