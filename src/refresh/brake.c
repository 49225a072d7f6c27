/* SPDX-License-Identifier: BSD-2-Clause */
/* brake: whether what a registry says may move owner_since now. Pure. */
#include "resetguard/brake.h"

#include <string.h>

#include "resetguard/time.h"

/* ---- the counts ---- */

static unsigned slot_of(int64_t hour)
{
	return (unsigned)(hour % HOST_RECORD_HOURS);
}

/* Forgets what is a day old. A clock that was set back counts in the newest hour. */
static unsigned slot_at(struct host_counts *counts, int64_t at)
{
	int64_t hour = at / TIME_HOUR;

	if (hour - counts->hour >= HOST_RECORD_HOURS) {
		memset(counts->checked, 0, sizeof counts->checked);
		memset(counts->unexplained, 0, sizeof counts->unexplained);
		counts->hour = hour;
	}
	while (counts->hour < hour) {
		counts->hour++;
		counts->checked[slot_of(counts->hour)] = 0;
		counts->unexplained[slot_of(counts->hour)] = 0;
	}
	return slot_of(counts->hour);
}

static void count_one(uint32_t *count)
{
	if (*count < UINT32_MAX)
		(*count)++;
}

struct brake_day brake_day(const struct host_counts *counts, int64_t now)
{
	struct host_counts moved = *counts;
	struct brake_day day = {0};

	(void)slot_at(&moved, now);
	for (unsigned i = 0; i < HOST_RECORD_HOURS; i++) {
		day.checked += moved.checked[i];
		day.unexplained += moved.unexplained[i];
	}
	return day;
}

void brake_uncount(struct host_counts *counts, int64_t at, int64_t now)
{
	int64_t hour = at / TIME_HOUR;

	(void)slot_at(counts, now);
	if (hour <= counts->hour && counts->hour - hour < HOST_RECORD_HOURS &&
	    counts->unexplained[slot_of(hour)] > 0)
		counts->unexplained[slot_of(hour)]--;
}

void brake_uncount_all(struct host_counts *counts)
{
	memset(counts->unexplained, 0, sizeof counts->unexplained);
}

/* ---- the decision ---- */

void brake_note_answer(const struct observation *observation, struct brake_run *run)
{
	switch (observation->answer) {
	case OBSERVATION_NOT_THERE:
		run->absent++;
		run->answers++;
		break;
	case OBSERVATION_OBJECT:
		run->answers++;
		break;
	case OBSERVATION_FAILED:
	case OBSERVATION_NODATA:
		break;
	}
}

static bool is_liar(const struct brake_run *run)
{
	return run->answers >= BRAKE_LIAR_ANSWERS && run->absent * 2 > run->answers;
}

/* Whether the observation's source is the one that vouches for the domain. */
static bool has_authority(const struct facts *facts, const struct observation *observation,
			  const struct apply_rules *rules)
{
	return observation->source != SOURCE_DNS || !rules->registry_serves ||
	       (facts->flags & FACTS_PRIVATE_SUFFIX) != 0;
}

static bool is_unexplained(const struct facts *before, const struct observation *observation,
			   const struct apply_result *applied, bool liar)
{
	if (before->state == STATE_UNKNOWN)
		return liar && observation->answer == OBSERVATION_NOT_THERE &&
		       applied->facts.state == STATE_UNREGISTERED;
	return applied->change.owner_changed && !applied->change.owner_explicit;
}

static bool exceeds(const struct brake_day *day, const struct brake_rules *rules)
{
	return day->unexplained > rules->count &&
	       day->unexplained * 100 > day->checked * rules->percent;
}

/* Whether an answer that shows no other owner shows the same one. */
static bool shows_same_holder(const struct facts *before, const struct observation *observation,
			      const struct apply_result *applied)
{
	if (observation->answer != OBSERVATION_OBJECT || state_is_expired(applied->facts.state))
		return true;
	if (observation->source == SOURCE_DNS)
		return before->ns_hash != 0 && observation->ns_hash == before->ns_hash;
	if ((applied->facts.flags & FACTS_UNDATED) == 0)
		return true;
	return before->handle_hash != 0 && observation->handle_hash == before->handle_hash;
}

/* A domain whose change is held back: is that repeated? On a first check any "no such
 * domain" repeats it, whatever the host has said of others meanwhile. */
static enum brake_decision decide_disputed(const struct facts *before,
					   const struct observation *observation,
					   const struct apply_result *applied)
{
	if (is_unexplained(before, observation, applied, true))
		return BRAKE_HOLD;
	return shows_same_holder(before, observation, applied) ? BRAKE_SETTLE : BRAKE_WAIT;
}

enum brake_decision brake_decide(const struct facts *before, const struct observation *observation,
				 const struct apply_rules *apply_rules,
				 const struct apply_result *applied,
				 const struct brake_rules *rules, const struct brake_run *run,
				 struct host_counts *counts)
{
	const struct facts_check *check =
		observation->source == SOURCE_DNS ? &before->dns : &before->registry;
	struct brake_day day;
	unsigned slot;

	if (applied->failed || !has_authority(before, observation, apply_rules))
		return BRAKE_APPLY;
	if ((before->flags & FACTS_DISPUTED) != 0)
		return decide_disputed(before, observation, applied);
	slot = slot_at(counts, observation->at);
	/* A domain that is asked often is still one domain: each UTC day's first check. */
	if (check->checked_at / TIME_DAY != observation->at / TIME_DAY)
		count_one(&counts->checked[slot]);
	if (!is_unexplained(before, observation, applied, is_liar(run)))
		return BRAKE_APPLY;
	count_one(&counts->unexplained[slot]);
	day = brake_day(counts, observation->at);
	return before->state == STATE_UNKNOWN || exceeds(&day, rules) ? BRAKE_HOLD : BRAKE_APPLY;
}

/* ---- what becomes of the facts ---- */

struct facts brake_hold(const struct facts *before, const struct observation *observation)
{
	struct facts held = *before;
	struct facts_check *check =
		observation->source == SOURCE_DNS ? &held.dns : &held.registry;

	held.flags |= FACTS_DISPUTED;
	check->tried_at = observation->at;
	if (check->failures < UINT16_MAX)
		check->failures++;
	return held;
}

struct facts brake_release(const struct facts *current, const struct facts *parked)
{
	struct facts released = facts_merge(current, parked);

	released.flags &= ~(unsigned)FACTS_DISPUTED;
	/* Beside its registry the DNS has been asked on. */
	if (current->dns.tried_at > parked->dns.tried_at) {
		released.dns = current->dns;
		released.dns_state = current->dns_state;
		released.nxdomain_since = current->nxdomain_since;
		released.nxdomain_count = current->nxdomain_count;
	}
	return released;
}

bool brake_event_unexplained(const struct history_event *event)
{
	return event->owner_after.changed_at != event->owner_before.changed_at ||
	       (event->state_after == STATE_UNREGISTERED &&
		event->state_before != STATE_UNREGISTERED);
}

/* An expired domain is seen expired again and again, which moves lapsed_at alone. */
static bool is_what_it_made(const struct history_event *event, const struct facts *facts)
{
	const struct history_owner *made = &event->owner_after;

	return facts->state == event->state_after &&
	       facts->registered_at == made->registered_at &&
	       facts->changed_at == made->changed_at &&
	       (facts->lapsed_at == made->lapsed_at ||
		(state_is_expired(facts->state) && facts->lapsed_at > made->lapsed_at));
}

bool brake_undo(const struct history_event *event, int64_t now, struct facts *facts)
{
	struct facts_check *check = event->source == SOURCE_DNS ? &facts->dns : &facts->registry;

	if (!is_what_it_made(event, facts))
		return false;
	facts->state = event->state_before;
	if (event->source != SOURCE_DNS)
		facts->registry_state = event->state_before;
	facts->registered_at = event->owner_before.registered_at;
	facts->lapsed_at = event->owner_before.lapsed_at;
	facts->changed_at = event->owner_before.changed_at;
	if (facts->state == STATE_UNKNOWN)
		check->checked_at = 0;
	check->next_check_at = now;
	return true;
}
