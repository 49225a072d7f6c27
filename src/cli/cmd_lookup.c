/* SPDX-License-Identifier: BSD-2-Clause */
/* lookup: the verdict the milter would give now, and why. */
#include <getopt.h>
#include <string.h>

#include "commands.h"
#include "resetguard/render.h"
#include "resetguard/time.h"

struct lookup {
	bool json;
	int64_t valid_since;
	const char *class_name;
	const struct conf_class *class;
	struct judge judge;
};

static void print_reply_json(struct json_line *line, const struct judgement *judgement,
			     const struct render_reply *reply)
{
	char text[sizeof reply->text + 16];

	snprintf(text, sizeof text, "%d %s %s", reply->code.code, reply->code.enhanced,
		 reply->text);
	json_line_string(line, "reply", judgement->verdict == VERDICT_ACCEPT ? NULL : text);
}

static void print_pin_json(struct json_line *line, const struct judgement *judgement)
{
	if (!judgement->has_pin) {
		json_line_null(line, "pin");
		return;
	}
	json_line_open(line, "pin");
	json_line_string(line, "verdict", pin_verdict_text(judgement->pin.verdict));
	json_line_time(line, "set_at", judgement->pin.set_at);
	json_line_time(line, "until", judgement->pin.until);
	json_line_string(line, "by", judgement->pin.by);
	json_line_string(line, "note", judgement->pin.note);
	json_line_boolean(line, "in_force", judgement->pin_in_force);
	json_line_close(line);
}

static void print_json(const struct cli *cli, const struct lookup *lookup, const char *name,
		       const struct judgement *judgement, const struct render_reply *reply)
{
	const struct facts *facts = &judgement->facts;
	struct json_line line = json_line_begin(stdout);

	json_line_string(&line, "name", name);
	json_line_string(&line, "domain", judgement->has_domain ? judgement->domain.name : NULL);
	json_line_string(&line, "verdict", verdict_text(judgement->verdict));
	json_line_string(&line, "reason", reason_text(judgement->reason));
	json_line_string(&line, "state", judgement->has_facts ? state_text(facts->state) : NULL);
	json_line_time(&line, "owner_since", judgement->owner_since);
	json_line_time(&line, "verified_at", judgement->verified_at);
	json_line_string(&line, "verified_by", verified_by_text(judgement->verified_by));
	json_line_time(&line, "registered_at", facts->registered_at);
	json_line_time(&line, "expires_at", facts->expires_at);
	json_line_time(&line, "checked_at", facts_checked_at(facts));
	json_line_time(&line, "next_check_at", facts_next_check_at(facts));
	json_line_string(&line, "source",
			 facts->source == SOURCE_NONE ? NULL : source_text(facts->source));
	json_line_boolean(&line, "owner_change_visible",
			  judgement->has_facts && (facts->flags & FACTS_UNDATED) == 0);
	print_pin_json(&line, judgement);
	json_line_string(&line, "class", lookup->class_name);
	json_line_string(&line, "mode", mode_text(cli->conf->mode));
	print_reply_json(&line, judgement, reply);
	json_line_end(&line);
}

static void print_row(const char *label, const char *text)
{
	printf("  %-14s %s\n", label, text);
}

static void print_time(const char *label, int64_t moment)
{
	print_row(label, moment == 0 ? "not known" : time_format(moment).text);
}

static void print_facts_text(const struct judgement *judgement)
{
	const struct facts *facts = &judgement->facts;
	char text[160];

	snprintf(text, sizeof text, "%s%s%s%s", state_text(facts->state),
		 facts->source == SOURCE_NONE ? "" : " (by ",
		 facts->source == SOURCE_NONE ? "" : source_text(facts->source),
		 facts->source == SOURCE_NONE ? "" : ")");
	print_row("state", text);
	print_time("registered", facts->registered_at);
	print_time("expires", facts->expires_at);
	print_time("owner since", judgement->owner_since);
	if ((facts->flags & FACTS_UNDATED) != 0)
		print_row("", "this registry shows no dates: a change of owner can go unseen");
	print_time("checked", facts_checked_at(facts));
	print_time("next check", facts_next_check_at(facts));
}

static void print_verified_text(const struct judgement *judgement)
{
	char text[64];

	if (judgement->verified_by == VERIFIED_BY_NOBODY) {
		print_row("verified", "no");
		return;
	}
	snprintf(text, sizeof text, "%s (by %s)", time_format(judgement->verified_at).text,
		 verified_by_text(judgement->verified_by));
	print_row("verified", text);
}

static void print_pin_text(const struct judgement *judgement)
{
	const struct pin *pin = &judgement->pin;
	char text[PIN_BY_MAX + PIN_NOTE_MAX + 128];

	if (!judgement->has_pin)
		return;
	snprintf(text, sizeof text, "%s, set %s%s%s%s%s%s%s%s", pin_verdict_text(pin->verdict),
		 time_format(pin->set_at).text, pin->until == 0 ? "" : ", until ",
		 time_format(pin->until).text, pin->by[0] == '\0' ? "" : ", by ", pin->by,
		 pin->note[0] == '\0' ? "" : ": ", pin->note,
		 judgement->pin_in_force ? "" : " (no longer in force)");
	print_row("pin", text);
}

static void print_text(const struct cli *cli, const struct lookup *lookup, const char *name,
		       const struct judgement *judgement, const struct render_reply *reply)
{
	char text[sizeof reply->text + 16];

	printf("%s: %s (%s)\n", name, verdict_text(judgement->verdict),
	       reason_text(judgement->reason));
	if (judgement->has_domain)
		print_row("domain", judgement->domain.name);
	if (judgement->has_facts) {
		print_facts_text(judgement);
		print_verified_text(judgement);
	} else if (judgement->has_domain && judgement->reason == REASON_NO_RECORD) {
		print_row("state", "not in the cache; 'resetguard refresh' looks it up");
	}
	print_pin_text(judgement);
	print_row("class", lookup->class_name);
	print_row("mode", mode_text(cli->conf->mode));
	if (judgement->verdict != VERDICT_ACCEPT) {
		snprintf(text, sizeof text, "%d %s %s", reply->code.code, reply->code.enhanced,
			 reply->text);
		print_row("reply", text);
	}
}

static void lookup_one(struct cli *cli, const char *text, void *context)
{
	const struct lookup *lookup = context;
	struct judge_question question = {
		.name = text,
		.name_length = strlen(text),
		.class = lookup->class,
		.header_verified_at = lookup->valid_since,
		.now = cli->now,
		.monotonic_ms = time_monotonic_ms(),
	};
	struct judgement judgement;
	struct render_reply reply;

	judge_recipient(&lookup->judge, &question, &judgement);
	render_reply(&judgement, lookup->class, text, &reply);
	if (judgement.reason == REASON_CACHE_ERROR) {
		struct why why = {""};

		if (cache_status(cli->cache, &why) != ERR_OK)
			cli_say(cli, "%s", why.text);
		else
			cli_say(cli,
				"%s: its record in %s cannot be read or makes no sense; see the "
				"clock, or import an export that has it into a new cache",
				text, cli->conf->cache_dir);
	}
	if (lookup->json)
		print_json(cli, lookup, text, &judgement, &reply);
	else
		print_text(cli, lookup, text, &judgement, &reply);
	cli->negative |= judgement.verdict == VERDICT_REJECT;
	cli->deferred |= judgement.verdict == VERDICT_TEMPFAIL;
}

void cmd_lookup(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{"valid-since", required_argument, NULL, 's'},
						{"class", required_argument, NULL, 'c'},
						{NULL, 0, NULL, 0}};
	struct lookup lookup = {.class_name = "password-reset"};
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		switch (option) {
		case 'j':
			lookup.json = true;
			break;
		case 's':
			if (time_parse(optarg, cli->now, &lookup.valid_since) != ERR_OK) {
				cli_usage_error(cli, "--valid-since %s: not a time", optarg);
				return;
			}
			break;
		case 'c':
			lookup.class_name = optarg;
			break;
		default: /* foreign enum */
			cli_usage_error(cli, "lookup: that is no option of this command");
			return;
		}
	}
	if (optind == argc) {
		cli_usage_error(cli, "lookup: name a domain or an address");
		return;
	}
	if (!cli_open_conf(cli) || !cli_open_reader(cli))
		return;
	if (!conf_list_has(&cli->conf->guard, lookup.class_name))
		cli_say(cli, "class %s is not in guard: the milter lets it through unjudged",
			lookup.class_name);
	lookup.class = conf_class_find(cli->conf, lookup.class_name);
	lookup.judge = cli_judge(cli);
	cli_each_text(cli, argc - optind, argv + optind, lookup_one, &lookup);
}
