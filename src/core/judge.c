/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge: the verdict on one recipient, from one snapshot of the cache.
 *
 * name -> mailbox or host -> exempt? -> registrable domain (and the name below a
 * private suffix) -> one snapshot: address, pins, facts -> policy_decide for each
 * name -> the worse decision is the judgement.
 */
#include "resetguard/judge.h"

#include <string.h>

#include "resetguard/mailbox.h"
#include "resetguard/time.h"

/* A name taken apart, before the cache is asked. */
struct judge_name {
	bool has_mailbox;
	struct mailbox mailbox;
	struct domain_names names;
	bool exempt;
	bool bad;
};

/* One name's evidence and what came of it. */
struct judge_side {
	struct facts facts;
	bool has_facts;
	struct pin pin;
	bool has_pin;
	struct policy_decision decision;
};

/* An address literal is no host name, but an operator may list it as it stands. */
static bool literal_is_exempt(const struct conf *conf, const char *name, size_t length)
{
	char literal[64];
	const char *at = memrchr(name, '@', length);
	const char *start = at == NULL ? name : at + 1;
	size_t literal_length = length - (size_t)(start - name);

	while (literal_length > 0 && start[literal_length - 1] == '>')
		literal_length--;
	if (literal_length < 2 || literal_length >= sizeof literal || start[0] != '[')
		return false;
	memcpy(literal, start, literal_length);
	literal[literal_length] = '\0';
	return conf_list_has(&conf->exempt_domains, literal);
}

static void read_name(const struct judge *judge, const char *name, size_t length,
		      struct judge_name *read)
{
	struct domain host;
	enum err err;

	memset(read, 0, sizeof *read);
	read->has_mailbox = memchr(name, '@', length) != NULL;
	if (read->has_mailbox) {
		err = mailbox_parse(name, length, &read->mailbox);
		host = read->mailbox.host;
	} else {
		err = domain_from_text(name, length, &host);
	}
	if (err != ERR_OK) {
		read->has_mailbox = false;
		read->exempt = literal_is_exempt(judge->conf, name, length);
		read->bad = !read->exempt;
		return;
	}
	read->exempt = conf_is_exempt(judge->conf, &host);
	err = domain_names(judge->suffixes, &host, &read->names);
	read->bad = err != ERR_OK && !read->exempt;
}

/* The mailbox's own pin while it is in force, else the domain's; one that is no
 * longer in force only where there is no other. */
static enum err read_pin(struct cache_txn *txn, const struct domain *domain,
			 const struct address_hash *hash, int64_t now, struct judge_side *side)
{
	int64_t transition_at = side->has_facts ? side->facts.transition_at : 0;
	struct pin pin;
	enum err err = ERR_NOT_FOUND;

	if (hash != NULL)
		err = cache_get_pin(txn, NULL, hash, &side->pin);
	side->has_pin = err == ERR_OK;
	if ((side->has_pin && pin_in_force(&side->pin, transition_at, now)) ||
	    (err != ERR_OK && err != ERR_NOT_FOUND))
		return err;
	err = cache_get_pin(txn, domain, NULL, &pin);
	if (err == ERR_OK && (!side->has_pin || pin_in_force(&pin, transition_at, now))) {
		side->pin = pin;
		side->has_pin = true;
	}
	return err;
}

/* Reads what the cache knows of domain. False: the cache cannot tell. */
static bool read_side(struct cache_txn *txn, const struct domain *domain,
		      const struct address_hash *hash, int64_t now, struct judge_side *side)
{
	enum err err = cache_get_facts(txn, domain, &side->facts);

	side->has_facts = err == ERR_OK;
	if (err == ERR_OK || err == ERR_NOT_FOUND)
		err = read_pin(txn, domain, hash, now, side);
	return err == ERR_OK || err == ERR_NOT_FOUND;
}

/* A check dated more than a day ahead makes no sense: the clock was wrong then or
 * is wrong now. */
static bool is_from_the_future(const struct facts *facts, int64_t now)
{
	return facts->registry.checked_at > now + TIME_DAY ||
	       facts->dns.checked_at > now + TIME_DAY;
}

static void inherit(int64_t *moment, int64_t narrower)
{
	if (narrower > *moment)
		*moment = narrower;
}

static void decide_side(const struct policy *policy, struct policy_evidence *evidence,
			struct judge_side *side, int64_t now)
{
	evidence->facts = side->has_facts ? &side->facts : NULL;
	evidence->pin = side->has_pin ? &side->pin : NULL;
	evidence->cache_error = side->has_facts && is_from_the_future(&side->facts, now);
	side->decision = policy_decide(policy, evidence, now);
}

static void fill_decision(const struct policy_decision *decision, struct judgement *judgement)
{
	judgement->verdict = decision->verdict;
	judgement->reason = decision->reason;
	judgement->action = decision->action;
	judgement->verified_by = decision->verified_by;
	judgement->verified_at = decision->verified_at;
}

static void fill_side(const struct judge_side *side, const struct domain *domain, int64_t now,
		      struct judgement *judgement)
{
	fill_decision(&side->decision, judgement);
	judgement->has_domain = true;
	judgement->domain = *domain;
	judgement->has_facts = side->has_facts;
	if (side->has_facts) {
		judgement->facts = side->facts;
		judgement->owner_since = facts_owner_since(&side->facts);
		judgement->registry_checked_at = facts_checked_at(&side->facts);
	}
	judgement->has_pin = side->has_pin;
	if (side->has_pin) {
		judgement->pin = side->pin;
		judgement->pin_in_force = pin_in_force(
			&side->pin, side->has_facts ? side->facts.transition_at : 0, now);
	}
}

static void judge_without_cache(const struct policy *policy, struct policy_evidence *evidence,
				int64_t now, struct judgement *judgement)
{
	struct policy_decision decision = policy_decide(policy, evidence, now);

	fill_decision(&decision, judgement);
}

void judge_recipient(const struct judge *judge, const struct judge_question *question,
		     struct judgement *judgement)
{
	const struct policy *policy = &question->class->policy;
	struct policy_evidence evidence = {.header_verified_at = question->header_verified_at};
	struct judge_name name;
	struct judge_side sides[2];
	const struct domain *domains[2] = {&name.names.registrable, &name.names.below_private};
	unsigned count;
	unsigned worst = 0;
	struct address_hash hash;
	struct cache_txn *txn;
	bool readable;

	memset(judgement, 0, sizeof *judgement);
	read_name(judge, question->name, question->name_length, &name);
	evidence.exempt = name.exempt;
	evidence.bad_address = name.bad;
	if (name.names.registrable.length > 0) {
		judgement->has_domain = true;
		judgement->domain = name.names.registrable;
	}
	if (name.exempt || name.bad) {
		judge_without_cache(policy, &evidence, question->now, judgement);
		return;
	}

	count = name.names.below_private.length > 0 ? 2 : 1;
	readable = cache_read_begin(judge->cache, question->monotonic_ms, &txn) == ERR_OK;
	if (readable) {
		enum err err = ERR_NOT_FOUND;

		if (name.has_mailbox) {
			hash = cache_address_hash(txn, &name.mailbox);
			err = cache_get_address(txn, &hash, &evidence.address);
		}
		readable = err == ERR_OK || err == ERR_NOT_FOUND;
		for (unsigned i = 0; i < count && readable; i++)
			readable = read_side(txn, domains[i], name.has_mailbox ? &hash : NULL,
					     question->now, &sides[i]);
		cache_read_end(txn);
	}
	if (!readable) {
		evidence.cache_error = true;
		judge_without_cache(policy, &evidence, question->now, judgement);
		return;
	}

	/* Who overrides the name below a private suffix means its mail, whoever has the suffix. */
	if (count == 2 && sides[1].has_pin && !sides[0].has_pin) {
		sides[0].pin = sides[1].pin;
		sides[0].has_pin = true;
	}
	/* So does who vouches for it, or takes that back. */
	if (count == 2 && sides[1].has_facts && sides[0].has_facts) {
		inherit(&sides[0].facts.verified_at, sides[1].facts.verified_at);
		inherit(&sides[0].facts.unverified_at, sides[1].facts.unverified_at);
	}
	for (unsigned i = 0; i < count; i++) {
		decide_side(policy, &evidence, &sides[i], question->now);
		if (policy_decision_is_worse(&sides[i].decision, &sides[worst].decision))
			worst = i;
	}
	fill_side(&sides[worst], domains[worst], question->now, judgement);

	if (!reason_rests_on_facts(judgement->reason))
		return;
	judgement->wanted_count = count;
	for (unsigned i = 0; i < count; i++) {
		int64_t checked_at = sides[i].has_facts ? facts_checked_at(&sides[i].facts) : 0;

		judgement->wanted[i] = *domains[i];
		if (checked_at < judgement->registry_checked_at)
			judgement->registry_checked_at = checked_at;
	}
}

void judge_facts(const struct judge *judge, struct cache_txn *txn, const struct domain *domain,
		 const struct facts *facts, int64_t now, struct judgement *judgement)
{
	const struct conf_class *class = conf_class_find(judge->conf, "");
	struct policy_evidence evidence = {.exempt = conf_is_exempt(judge->conf, domain)};
	struct judge_side side = {.has_facts = true, .facts = *facts};
	enum err err = cache_get_pin(txn, domain, NULL, &side.pin);

	memset(judgement, 0, sizeof *judgement);
	side.has_pin = err == ERR_OK;
	decide_side(&class->policy, &evidence, &side, now);
	if (err != ERR_OK && err != ERR_NOT_FOUND) {
		evidence.cache_error = true;
		side.decision = policy_decide(&class->policy, &evidence, now);
	}
	fill_side(&side, domain, now, judgement);
}
