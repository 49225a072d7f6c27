/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_table: the one table of keys, finding a key in it, and its defaults. */
#include "conf_table.h"

#include <string.h>

#define GLOBAL(member) .scope = CONF_GLOBAL, .offset = offsetof(struct conf, member)
#define PER_CLASS(member) .scope = CONF_PER_CLASS, .offset = offsetof(struct conf_class, member)
#define PER_REASON(member) .scope = CONF_PER_REASON, .offset = offsetof(struct conf_class, member)

#define YEAR (365 * INT64_C(86400))
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

static const char reason_suffix[] = "REASON";

const struct conf_key conf_keys[] = {
	{.heading = "Both programs",
	 .name = "cache_dir",
	 .type = &conf_type_path,
	 GLOBAL(cache_dir),
	 .default_value = LOCALSTATEDIR "/lib/resetguard",
	 .help = "The directory of the cache."},
	{.name = "map_size",
	 .type = &conf_type_size,
	 GLOBAL(map_size),
	 .default_value = "16g",
	 .least = MIB,
	 .most = 16 * 1024 * GIB,
	 .help = "The address space that the cache reserves; disk space is used as it fills."},
	{.name = "log_to",
	 .type = &conf_type_log_target,
	 GLOBAL(log_to_stderr),
	 .default_value = "syslog",
	 .help = "Where log lines go: syslog, facility mail, or standard error.\n"
		 "The milter's option -f chooses standard error, where that is no journal."},
	{.name = "log_localpart",
	 .type = &conf_type_boolean,
	 GLOBAL(log_localpart),
	 .default_value = "yes",
	 .help = "Whether log lines name the local part of addresses; no writes * for it."},
	{.name = "public_suffix_file",
	 .type = &conf_type_path,
	 GLOBAL(public_suffix_file),
	 .optional = true,
	 .help = "A public suffix list to use in place of the system's."},
	{.name = "exempt_domains",
	 .type = &conf_type_domains,
	 GLOBAL(exempt_domains),
	 .optional = true,
	 .help = "Domains that are never refused, with all that lies below them."},
	{.name = "max_age",
	 .type = &conf_type_duration,
	 PER_CLASS(policy.max_age),
	 .least = 1,
	 .most = 10 * YEAR,
	 .help = "The age of the last good check from which its result is stale."},
	{.name = "first_use_age",
	 .type = &conf_type_duration,
	 PER_CLASS(policy.first_use_age),
	 .least = 0,
	 .most = 10 * YEAR,
	 .help = "How long a domain that nobody imported must have been registered before the\n"
		 "first reset was asked for it."},

	{.heading = "The milter",
	 .name = "milter_user",
	 .type = &conf_type_account,
	 GLOBAL(milter_user),
	 .default_value = "resetguard-milter",
	 .help = "The user that the milter becomes when it is started as root."},
	{.name = "socket",
	 .type = &conf_type_socket,
	 GLOBAL(socket),
	 .default_value = "unix:/var/spool/postfix/resetguard/milter.sock",
	 .help = "Where the milter listens.\n"
		 "Postfix on Debian reaches UNIX sockets below its queue directory only."},
	{.name = "socket_mode",
	 .type = &conf_type_file_mode,
	 GLOBAL(socket_mode),
	 .default_value = "0660",
	 .help = "The mode of a UNIX socket."},
	{.name = "socket_group",
	 .type = &conf_type_account,
	 GLOBAL(socket_group),
	 .optional = true,
	 .default_value = "postfix",
	 .help = "The group of a UNIX socket; empty leaves it to the system."},
	{.name = "mode",
	 .type = &conf_type_mode,
	 GLOBAL(mode),
	 .default_value = "enforce",
	 .help = "enforce acts; observe accepts everything and logs what it would have done."},
	{.name = "messages_file",
	 .type = &conf_type_path,
	 GLOBAL(messages_file),
	 .default_value = "messages",
	 .help = "The rules that say which messages are resets."},
	{.name = "guard",
	 .type = &conf_type_classes,
	 GLOBAL(guard),
	 .default_value = "password-reset magic-link",
	 .help = "The classes of mail that are judged."},
	{.name = "originating_networks",
	 .type = &conf_type_networks,
	 GLOBAL(originating_networks),
	 .optional = true,
	 .default_value = "127.0.0.0/8 [::1]/128",
	 .help = "Clients whose mail is looked at, beside those that authenticate."},
	{.name = "originating_daemons",
	 .type = &conf_type_daemons,
	 GLOBAL(originating_daemons),
	 .optional = true,
	 .default_value = "ORIGINATING",
	 .help = "Services, by their {daemon_name}, whose mail is looked at; with ! before the\n"
		 "name, whose mail is not."},
	{.name = "mixed",
	 .type = &conf_type_mixed,
	 GLOBAL(mixed),
	 .default_value = "reject",
	 .help = "What becomes of a message when only some of its recipients are refused: reject\n"
		 "it, or strip those and let the others have it."},
	{.name = "miss_wait",
	 .type = &conf_type_wait,
	 GLOBAL(miss_wait_ms),
	 .optional = true,
	 .least = 0,
	 .most = 60,
	 .help = "How long a message may wait for fresh facts, while refresh --watch runs.\n"
		 "When empty: 3s."},
	{.name = "recheck_after",
	 .type = &conf_type_duration,
	 GLOBAL(recheck_after),
	 .default_value = "1h",
	 .least = 1,
	 .most = YEAR,
	 .help = "The age of facts from which a reset asks for newer ones."},
	{.name = "defer_max",
	 .type = &conf_type_duration,
	 GLOBAL(defer_max),
	 .default_value = "4h",
	 .least = 1,
	 .most = YEAR,
	 .help = "How long mail from sendmail(1) is deferred before it is refused: Postfix would\n"
		 "keep it for ever."},
	{.name = "on_REASON",
	 .type = &conf_type_action,
	 PER_REASON(policy.action),
	 .help = "What is done for REASON: accept, tempfail, reject, quarantine or discard."},
	{.name = "reply_REASON",
	 .type = &conf_type_reply,
	 PER_REASON(reply),
	 .optional = true,
	 .help = "The text of the reply for REASON, in place of the one built in.\n"
		 "{recipient}, {domain}, {reason} and {state} are replaced."},
	{.name = "on_canary_command",
	 .type = &conf_type_command,
	 GLOBAL(on_canary_command),
	 .optional = true,
	 .help = "A command to run when a reset was refused as an attack may look."},
	{.name = "body_limit",
	 .type = &conf_type_size,
	 GLOBAL(body_limit),
	 .default_value = "256k",
	 .least = KIB,
	 .most = 64 * MIB,
	 .help = "How much of a body is searched for links."},
	{.name = "add_rrvs",
	 .type = &conf_type_boolean,
	 GLOBAL(add_rrvs),
	 .default_value = "no",
	 .help = "Whether resets that are let through get a Require-Recipient-Valid-Since field\n"
		 "(RFC 7293), where it is known when the recipient was verified."},
	{.name = "drain_time",
	 .type = &conf_type_duration,
	 GLOBAL(drain_time),
	 .default_value = "10s",
	 .least = 0,
	 .most = 600,
	 .help = "How long open transactions may take to end when the milter stops."},
	{.name = "metrics",
	 .type = &conf_type_metrics,
	 GLOBAL(metrics),
	 .optional = true,
	 .help = "Where metrics are served over HTTP, to whoever may connect."},
	{.name = "wanted_max",
	 .type = &conf_type_number,
	 GLOBAL(wanted_max),
	 .default_value = "10000",
	 .least = 1,
	 .most = 10000000,
	 .help = "How many domains may be on the list of wanted ones."},

	{.heading = "The updater",
	 .name = "updater_user",
	 .type = &conf_type_account,
	 GLOBAL(updater_user),
	 .default_value = "resetguard",
	 .help = "The user that owns the cache, and that commands started as root become."},
	{.name = "sources",
	 .type = &conf_type_sources,
	 GLOBAL(source_count),
	 .default_value = "rdap dns",
	 .help = "Who is asked: rdap, fastly, dns.\n"
		 "Of rdap and fastly the first that serves the domain, then the other if it fails."},
	{.name = "rdap_bootstrap",
	 .type = &conf_type_url_or_file,
	 GLOBAL(rdap_bootstrap),
	 .default_value = "https://data.iana.org/rdap/dns.json",
	 .help = "Which server answers for which TLD (RFC 9224)."},
	{.name = "rdap_server",
	 .type = &conf_type_rdap_servers,
	 GLOBAL(rdap_servers),
	 .optional = true,
	 .help = "The RDAP server of a TLD, in place of the bootstrap's; may be given for many.\n"
		 "One that is dates-only is believed for its objects and never for its 404."},
	{.name = "fastly_key_file",
	 .type = &conf_type_path,
	 GLOBAL(fastly_key_file),
	 .optional = true,
	 .help = "The file whose first line is the key for Fastly's Domain Research API; others\n"
		 "must not be able to read it."},
	{.name = "fastly_url",
	 .type = &conf_type_url,
	 GLOBAL(fastly_url),
	 .default_value = "https://api.fastly.com/domain-management/v1/tools/status",
	 .help = "Where that API answers."},
	{.name = "resolver",
	 .type = &conf_type_host_port,
	 GLOBAL(resolver),
	 .optional = true,
	 .help = "The resolver to ask in place of the system's."},
	{.name = "dns_trust_anchor",
	 .type = &conf_type_path,
	 GLOBAL(dns_trust_anchor),
	 .optional = true,
	 .help = "A file with the trust anchor to validate DNS answers with."},
	{.name = "jobs",
	 .type = &conf_type_number,
	 GLOBAL(jobs),
	 .default_value = "32",
	 .least = 1,
	 .most = 1024,
	 .help = "How many questions are open at the same time."},
	{.name = "host_jobs",
	 .type = &conf_type_number,
	 GLOBAL(host_jobs),
	 .default_value = "4",
	 .least = 1,
	 .most = 1024,
	 .help = "How many of them at one host."},
	{.name = "host_rate",
	 .type = &conf_type_rate,
	 GLOBAL(host_rate),
	 .default_value = "5/s",
	 .least = 1,
	 .most = 1000000,
	 .help = "How many questions one host is asked, until it teaches less."},
	{.name = "max_reply",
	 .type = &conf_type_size,
	 GLOBAL(max_reply),
	 .default_value = "1m",
	 .least = KIB,
	 .most = 16 * MIB,
	 .help = "The size from which an answer is refused."},
	{.name = "timeout",
	 .type = &conf_type_duration,
	 GLOBAL(timeout),
	 .default_value = "20s",
	 .least = 1,
	 .most = 600,
	 .help = "How long one question may take."},
	{.name = "proxy",
	 .type = &conf_type_proxy,
	 GLOBAL(proxy),
	 .optional = true,
	 .help = "The proxy to ask through; those of the environment are ignored."},
	{.name = "brake_count",
	 .type = &conf_type_number,
	 GLOBAL(brake_count),
	 .default_value = "20",
	 .least = 1,
	 .most = 1000000,
	 .help = "Beyond this many changes of ownership that one registry's host shows within a day\n"
		 "without saying why, and beyond brake_percent, further ones are held back until\n"
		 "refresh --release or --discard."},
	{.name = "brake_percent",
	 .type = &conf_type_number,
	 GLOBAL(brake_percent),
	 .default_value = "1",
	 .least = 0,
	 .most = 100,
	 .help = "The same as a share of the domains checked there."},
	{.name = "max_interval",
	 .type = &conf_type_duration,
	 GLOBAL(max_interval),
	 .default_value = "30d",
	 .least = 1,
	 .most = YEAR,
	 .help = "The longest time between two checks of a domain."},
	{.name = "tld_lifecycle",
	 .type = &conf_type_path,
	 GLOBAL(tld_lifecycle),
	 .optional = true,
	 .default_value = PKGDATADIR "/tld-lifecycle",
	 .help = "A table of how fast the names of a TLD are dropped, read when a refresh begins.\n"
		 "The one that comes with the program says what its columns are."},
	{.name = "parking_name_servers",
	 .type = &conf_type_path,
	 GLOBAL(parking_name_servers),
	 .optional = true,
	 .default_value = PKGDATADIR "/parking-name-servers",
	 .help = "A list of the name servers of parking and auction houses."},
	{.name = "dns_lapse_after",
	 .type = &conf_type_duration,
	 GLOBAL(dns_lapse_after),
	 .default_value = "7d",
	 .least = 1,
	 .most = YEAR,
	 .help = "How long a domain of a TLD without a registry source must be missing from the\n"
		 "DNS before it counts as unregistered."},
	{.name = "on_change_command",
	 .type = &conf_type_command,
	 GLOBAL(on_change_command),
	 .optional = true,
	 .help = "A command to run for each change of state or owner, with the change on its\n"
		 "standard input: see resetguard(1), Telling the application.\n"
		 "It is cut into words at blanks, and no shell sees it.\n"
		 "It has timeout to end with status 0."},
	{.name = "on_change_url",
	 .type = &conf_type_url,
	 GLOBAL(on_change_url),
	 .optional = true,
	 .help = "An https URL to which each change is posted, signed.\n"
		 "Unlike a registry's it may lead to a private address.\n"
		 "Where a command is set too, each is told every change."},
	{.name = "on_change_key_file",
	 .type = &conf_type_path,
	 GLOBAL(on_change_key_file),
	 .optional = true,
	 .help = "The file whose first line is the key that signs what is posted.\n"
		 "It has at least 32 characters (openssl rand -hex 32), and not everybody may be\n"
		 "able to read it; a new one counts from the next change on."},

	{.heading = "Tests only",
	 .name = "allow_http",
	 .type = &conf_type_boolean,
	 GLOBAL(allow_http),
	 .default_value = "no",
	 .help = "Whether URLs may begin with http://."},
	{.name = "allow_private_addresses",
	 .type = &conf_type_boolean,
	 GLOBAL(allow_private_addresses),
	 .default_value = "no",
	 .help = "Whether servers may have loopback and private addresses."},
	{.name = "ca_file",
	 .type = &conf_type_path,
	 GLOBAL(ca_file),
	 .optional = true,
	 .help = "The certificate authorities to trust in place of the system's."},
};

const size_t conf_key_count = sizeof(conf_keys) / sizeof(conf_keys[0]);

/* ---- targets ---- */

/* A pin decides for itself. */
static bool is_settable(const struct conf_target *target)
{
	return target->key->type != &conf_type_action || target->reason != REASON_PINNED;
}

bool conf_target_next(struct conf_target *target)
{
	do {
		if (target->key == NULL) {
			*target = (struct conf_target){.key = conf_keys};
		} else if (target->key->scope == CONF_PER_REASON &&
			   (int)target->reason + 1 < REASON_COUNT) {
			target->reason++;
		} else {
			target->key++;
			target->reason = 0;
			if (target->key == conf_keys + conf_key_count)
				return false;
		}
	} while (!is_settable(target));
	return true;
}

void conf_target_name(const struct conf_target *target, char name[CONF_NAME_MAX])
{
	size_t prefix = strlen(target->key->name) - strlen(reason_suffix);

	if (target->key->scope != CONF_PER_REASON) {
		snprintf(name, CONF_NAME_MAX, "%s", target->key->name);
		return;
	}
	snprintf(name, CONF_NAME_MAX, "%.*s%s", (int)prefix, target->key->name,
		 reason_text(target->reason));
	for (char *at = name; *at != '\0'; at++) {
		if (*at == '-')
			*at = '_';
	}
}

void *conf_field(const struct conf_target *target, void *base)
{
	char *field = (char *)base + target->key->offset;

	if (target->key->scope != CONF_PER_REASON)
		return field;
	if (target->key->type == &conf_type_action)
		return (enum action *)(void *)field + target->reason;
	return (char **)(void *)field + target->reason;
}

enum err conf_set_default(const struct conf_key *key, const struct conf_context *context,
			  void *base)
{
	const struct conf_target target = {.key = key};

	if (key->scope != CONF_GLOBAL)
		return ERR_OK; /* policy_defaults has them */
	if (key->default_value != NULL)
		return key->type->parse(key, context, key->default_value, conf_field(&target, base),
					NULL);
	if (key->type->clear != NULL)
		key->type->clear(conf_field(&target, base));
	return ERR_OK;
}

/* ---- finding ---- */

static unsigned least_of(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Letters put in, left out or replaced. One row of the usual table; both texts
 * are shorter than CONF_NAME_MAX. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[CONF_NAME_MAX];
	size_t length = strlen(b);

	for (unsigned j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned i = 0; a[i] != '\0'; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < length; j++) {
			unsigned replaced = diagonal + (a[i] == b[j] ? 0 : 1);

			diagonal = row[j + 1];
			row[j + 1] = least_of(replaced, row[j] + 1, row[j + 1] + 1);
		}
	}
	return row[length];
}

/* Near enough to be meant: at most a third of the letters differ. */
static void find_nearest(const char *name, char nearest[CONF_NAME_MAX])
{
	struct conf_target target = {0};
	unsigned best = (unsigned)strlen(name) / 3 + 1;

	nearest[0] = '\0';
	if (strlen(name) >= CONF_NAME_MAX)
		return;
	while (conf_target_next(&target)) {
		char candidate[CONF_NAME_MAX];
		unsigned distance;

		conf_target_name(&target, candidate);
		distance = edit_distance(name, candidate);
		if (distance < best) {
			best = distance;
			memcpy(nearest, candidate, CONF_NAME_MAX);
		}
	}
}

enum err conf_key_find(const char *name, struct conf_target *target, char nearest[CONF_NAME_MAX])
{
	struct conf_target candidate = {0};

	while (conf_target_next(&candidate)) {
		char candidate_name[CONF_NAME_MAX];

		conf_target_name(&candidate, candidate_name);
		if (strcmp(candidate_name, name) == 0) {
			*target = candidate;
			return ERR_OK;
		}
	}
	find_nearest(name, nearest);
	return ERR_NOT_FOUND;
}
