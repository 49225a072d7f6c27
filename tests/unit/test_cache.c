/* SPDX-License-Identifier: BSD-2-Clause */
/* The records. What lies in cache_dir is in test_cache_layout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cacheplace.h"

#include "../../src/core/cache_txn.h"

#define NOW CACHEPLACE_NOW

/* ---- the clock ---- */

static void the_clock_does_not_go_back(void **state)
{
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("a.example");
	struct facts facts = facts_new(NOW, 0);
	struct cache_txn *txn;

	cacheplace_make(place);
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	assert_int_equal(cache_write_begin_at(place->cache, NOW - 1, false, &txn, &place->why),
			 ERR_CLOCK);
	assert_non_null(strstr(place->why.text, "2023-11-14T22:13:19Z"));
	assert_non_null(strstr(place->why.text, "2023-11-14T22:13:20Z"));
	/* What stored nothing says nothing of the time. */
	txn = cacheplace_begin_write(place, NOW + 100);
	cacheplace_commit(place, txn);
	txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(cache_put_facts(txn, &domain, NULL, &facts), ERR_OK);
	cacheplace_commit(place, txn);
}

/* What both processes see on their clock. */
static _Atomic int64_t *shown;

static int64_t shown_clock(void)
{
	return *shown;
}

static char state_of(pid_t process)
{
	char path[32];
	char line[256] = "";
	FILE *stat;
	const char *name_end;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
	stat = fopen(path, "re");
	if (stat == NULL || fgets(line, sizeof line, stat) == NULL)
		_exit(2);
	fclose(stat);
	name_end = strrchr(line, ')');
	return name_end == NULL ? '?' : name_end[2];
}

/* Writes while the parent waits for its turn, and time goes by. */
static void write_and_let_wait(struct cacheplace *place, int opened, int begun)
{
	struct domain domain = cacheplace_domain("a.example");
	struct facts facts = facts_new(NOW, 0);
	struct cache_txn *txn;
	char byte = 0;

	if (read(opened, &byte, 1) != 1 || cacheplace_open_writer(place) != ERR_OK ||
	    cache_write_begin(place->cache, shown_clock, &txn, &place->why) != ERR_OK ||
	    write(begun, &byte, 1) != 1)
		_exit(2);
	while (state_of(getppid()) != 'S')
		;
	*shown = NOW + 200;
	if (cache_put_facts(txn, &domain, NULL, &facts) != ERR_OK ||
	    cache_write_commit(txn, &place->why) != ERR_OK)
		_exit(2);
	_exit(0);
}

static void the_clock_is_looked_at_after_the_wait(void **state)
{
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("b.example");
	struct facts facts = facts_new(NOW, 0);
	struct cache_txn *txn;
	int opened[2];
	int begun[2];
	int status = -1;
	char byte = 0;
	pid_t child;

	shown = mmap(NULL, sizeof *shown, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	assert_true(shown != MAP_FAILED);
	*shown = NOW + 100;
	assert_int_equal(pipe(opened), 0);
	assert_int_equal(pipe(begun), 0);
	cacheplace_make(place);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		write_and_let_wait(place, opened[0], begun[1]);
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	assert_int_equal(write(opened[1], &byte, 1), 1);
	assert_int_equal(read(begun[0], &byte, 1), 1);
	assert_int_equal(cache_write_begin(place->cache, shown_clock, &txn, &place->why), ERR_OK);
	assert_int_equal(cache_committed_at(txn), NOW + 100);
	assert_int_equal(cache_put_facts(txn, &domain, NULL, &facts), ERR_OK);
	cacheplace_commit(place, txn);
	txn = cacheplace_begin_write(place, NOW + 200);
	assert_int_equal(cache_committed_at(txn), NOW + 200);
	cache_write_abort(txn);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		close(opened[i]);
		close(begun[i]);
	}
	munmap((void *)shown, sizeof *shown);
}

/* ---- facts and due ---- */

struct due_list {
	char text[1024];
	unsigned stop_after;
};

static enum err join_due(void *context, const struct domain *domain, int64_t due_at)
{
	struct due_list *list = context;
	size_t length = strlen(list->text);

	snprintf(list->text + length, sizeof list->text - length, "%s@%lld ", domain->name,
		 (long long)due_at);
	if (list->stop_after > 0 && --list->stop_after == 0)
		return ERR_NOT_FOUND;
	return ERR_OK;
}

static const char *due_until(struct cache_txn *txn, int64_t until, unsigned stop_after)
{
	static struct due_list list;

	list = (struct due_list){.stop_after = stop_after};
	assert_int_equal(cache_each_due(txn, until, join_due, &list), ERR_OK);
	return list.text;
}

static void due_follows_the_facts(void **state)
{
	struct cacheplace *place = *state;
	struct domain a = cacheplace_domain("a.example");
	struct domain b = cacheplace_domain("b.example");
	struct facts facts[4] = {{0}};

	facts[0].registry.next_check_at = 300;
	facts[1].registry.next_check_at = 300;
	facts[1].dns.next_check_at = 100;
	facts[3].registry.next_check_at = 200;
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(cache_put_facts(txn, &a, NULL, &facts[0]), ERR_OK);
	assert_int_equal(cache_put_facts(txn, &b, NULL, &facts[3]), ERR_OK);
	assert_string_equal(due_until(txn, 1000, 0), "b.example@200 a.example@300 ");
	assert_string_equal(due_until(txn, 1000, 1), "b.example@200 ");
	assert_string_equal(due_until(txn, 299, 0), "b.example@200 ");
	assert_string_equal(due_until(txn, 300, 0), "b.example@200 a.example@300 ");
	assert_int_equal(cache_put_facts(txn, &a, &facts[0], &facts[1]), ERR_OK);
	assert_string_equal(due_until(txn, 1000, 0), "a.example@100 b.example@200 ");
	assert_int_equal(cache_put_facts(txn, &a, &facts[1], &facts[2]), ERR_OK);
	assert_string_equal(due_until(txn, 1000, 0), "b.example@200 ");
	assert_int_equal(cache_put_facts(txn, &a, &facts[2], &facts[3]), ERR_OK);
	assert_string_equal(due_until(txn, 1000, 0), "a.example@200 b.example@200 ");
	cacheplace_commit(place, txn);
}

static void what_is_appended_is_due_as_well(void **state)
{
	struct cacheplace *place = *state;
	struct domain a = cacheplace_domain("a.example");
	struct domain b = cacheplace_domain("b.example");
	struct domain c = cacheplace_domain("c.example");
	struct facts early = {.registry = {.next_check_at = 100}};
	struct facts late = {.registry = {.next_check_at = 200}};
	struct facts never = {.verified_at = 5};
	struct facts read;

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(cache_append_facts(txn, &b, &late), ERR_OK);
	assert_int_equal(cache_append_facts(txn, &a, &early), ERR_EXISTS);
	assert_int_equal(cache_append_facts(txn, &b, &early), ERR_EXISTS);
	assert_string_equal(due_until(txn, 1000, 0), "b.example@200 ");
	assert_int_equal(cache_get_facts(txn, &a, &read), ERR_NOT_FOUND);
	/* Behind the others by name, and before them by when it is due. */
	assert_int_equal(cache_append_facts(txn, &c, &early), ERR_OK);
	assert_string_equal(due_until(txn, 1000, 0), "c.example@100 b.example@200 ");
	c.name[0] = 'd';
	assert_int_equal(cache_append_facts(txn, &c, &never), ERR_OK);
	assert_string_equal(due_until(txn, 1000, 0), "c.example@100 b.example@200 ");
	assert_int_equal(cache_get_facts(txn, &c, &read), ERR_OK);
	assert_int_equal(read.verified_at, 5);
	cacheplace_commit(place, txn);
}

static enum err count_facts(void *context, const struct domain *domain, const struct facts *facts)
{
	struct due_list *list = context;

	return join_due(list, domain, facts_next_check_at(facts));
}

/* After any number of changes there is one entry for each domain that has a next
 * check, and it is the right one. */
static void due_is_true_after_many_changes(void **state)
{
	enum { DOMAINS = 20, CHANGES = 5000 };
	struct cacheplace *place = *state;
	struct facts now[DOMAINS] = {{0}};
	bool there[DOMAINS] = {false};
	unsigned seed = 42;

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);
	for (unsigned i = 0; i < CHANGES; i++) {
		char name[32];
		unsigned at = (unsigned)rand_r(&seed) % DOMAINS;
		snprintf(name, sizeof name, "d%02u.example", at);
		struct domain domain = cacheplace_domain(name);
		struct facts after = now[at];
		if (rand_r(&seed) % 2 == 0)
			after.registry.next_check_at = rand_r(&seed) % 5;
		else
			after.dns.next_check_at = rand_r(&seed) % 5;
		assert_int_equal(cache_put_facts(txn, &domain, there[at] ? &now[at] : NULL, &after),
				 ERR_OK);
		now[at] = after;
		there[at] = true;
	}
	char wanted[1024] = "";
	for (int64_t due = 1; due < 5; due++) {
		for (unsigned i = 0; i < DOMAINS; i++) {
			size_t length = strlen(wanted);
			if (facts_next_check_at(&now[i]) == due)
				snprintf(wanted + length, sizeof wanted - length,
					 "d%02u.example@%lld ", i, (long long)due);
		}
	}
	assert_string_equal(due_until(txn, NOW, 0), wanted);
	cacheplace_commit(place, txn);
}

static void facts_come_back(void **state)
{
	struct cacheplace *place = *state;
	struct domain domains[] = {cacheplace_domain("b.example"), cacheplace_domain("a.example")};
	struct facts facts = facts_new(NOW, FACTS_IMPORTED);
	struct due_list list = {.text = ""};
	struct facts read;

	facts.state = STATE_REDEMPTION;
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);
	for (unsigned i = 0; i < 2; i++) {
		facts.registry.next_check_at = 10 + i;
		assert_int_equal(cache_put_facts(txn, &domains[i], NULL, &facts), ERR_OK);
	}
	cacheplace_commit(place, txn);

	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	assert_int_equal(cache_get_facts(txn, &domains[1], &read), ERR_OK);
	assert_int_equal(read.state, STATE_REDEMPTION);
	assert_true(read.first_seen_at == NOW);
	struct domain absent = cacheplace_domain("example");
	assert_int_equal(cache_get_facts(txn, &absent, &read), ERR_NOT_FOUND);
	assert_int_equal(cache_each_facts(txn, count_facts, &list), ERR_OK);
	assert_string_equal(list.text, "a.example@11 b.example@10 ");
	cache_read_end(txn);
}

/* ---- history ---- */

static enum err join_history(void *context, const struct domain *of,
			     const struct history_event *event)
{
	struct due_list *list = context;
	size_t length = strlen(list->text);

	snprintf(list->text + length, sizeof list->text - length, "%s@%lld#%u=%s ", of->name,
		 (long long)event->at, event->sequence, event->evidence);
	return ERR_OK;
}

static uint32_t add_event(struct cache_txn *txn, const char *name, int64_t at, const char *evidence)
{
	struct domain domain = cacheplace_domain(name);
	struct history_event event = {.at = at, .kind = HISTORY_OBSERVED};

	strcpy(event.evidence, evidence);
	assert_int_equal(cache_add_history(txn, &domain, &event), ERR_OK);
	return event.sequence;
}

static void history_is_kept_in_order_and_once(void **state)
{
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("a.example");
	struct due_list list = {.text = ""};

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(add_event(txn, "a.example", 200, "late"), 1);
	assert_int_equal(add_event(txn, "a.example", 100, "early"), 2);
	assert_int_equal(add_event(txn, "a.example.test", 100, "other"), 3);
	cacheplace_commit(place, txn);
	txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(add_event(txn, "a.example", 100, "second"), 4);
	assert_int_equal(add_event(txn, "a.example", 100, "early"), 2);
	assert_int_equal(add_event(txn, "a.example", 200, "late"), 1);
	assert_int_equal(add_event(txn, "a.example", 201, "late"), 5);
	cacheplace_commit(place, txn);

	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	assert_int_equal(cache_each_history(txn, &domain, join_history, &list), ERR_OK);
	assert_string_equal(list.text, "a.example@100#2=early a.example@100#4=second "
				       "a.example@200#1=late a.example@201#5=late ");
	list.text[0] = '\0';
	assert_int_equal(cache_each_history(txn, NULL, join_history, &list), ERR_OK);
	assert_non_null(strstr(list.text, "a.example.test@100#3=other"));
	cache_read_end(txn);
}

static void what_is_aborted_gives_its_sequence_back(void **state)
{
	struct cacheplace *place = *state;

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(add_event(txn, "a.example", 1, "x"), 1);
	cache_write_abort(txn);
	txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(add_event(txn, "a.example", 1, "y"), 1);
	cache_write_abort(txn);
}

/* ---- addresses and pins ---- */

static enum err count_addresses(void *context, const struct address_hash *hash,
				const struct address_facts *facts)
{
	*(int64_t *)context += hash->bytes[0] * facts->verified_at;
	return ERR_OK;
}

static void addresses_come_back(void **state)
{
	struct cacheplace *place = *state;
	struct address_hash hashes[] = {{{1}}, {{2}}, {{3}}};
	struct address_facts read;
	int64_t sum = 0;

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(cache_put_address(txn, &hashes[i],
						   &(struct address_facts){10 + i, 20 + i}),
				 ERR_OK);
	assert_int_equal(cache_get_address(txn, &hashes[1], &read), ERR_OK);
	assert_true(read.verified_at == 11 && read.unverified_at == 21);
	assert_int_equal(cache_get_address(txn, &hashes[2], &read), ERR_NOT_FOUND);
	assert_int_equal(cache_each_address(txn, count_addresses, &sum), ERR_OK);
	assert_true(sum == 1 * 10 + 2 * 11);
	cacheplace_commit(place, txn);
}

static enum err join_pins(void *context, const struct domain *domain,
			  const struct address_hash *hash, const struct pin *pin)
{
	struct due_list *list = context;
	size_t length = strlen(list->text);

	assert_true((domain == NULL) != (hash == NULL));
	snprintf(list->text + length, sizeof list->text - length, "%s=%s ",
		 domain != NULL ? domain->name : "address", pin->note);
	return ERR_OK;
}

static void mailboxes_and_domains_have_pins_of_their_own(void **state)
{
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("a.example");
	struct domain other = cacheplace_domain("b.example");
	struct address_hash bob = {{1}};
	struct address_hash eve = {{2}};
	struct pin of_domain = {.verdict = PIN_REJECT, .note = "domain"};
	struct pin of_bob = {.verdict = PIN_ACCEPT, .until = 1, .note = "bob"};
	struct due_list list = {.text = ""};
	struct pin read;

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(cache_put_pin(txn, &domain, NULL, &of_domain), ERR_OK);
	assert_int_equal(cache_put_pin(txn, NULL, &bob, &of_bob), ERR_OK);
	assert_int_equal(cache_get_pin(txn, &domain, NULL, &read), ERR_OK);
	assert_string_equal(read.note, "domain");
	assert_int_equal(cache_get_pin(txn, NULL, &bob, &read), ERR_OK);
	assert_string_equal(read.note, "bob");
	assert_int_equal(cache_get_pin(txn, NULL, &eve, &read), ERR_NOT_FOUND);
	assert_int_equal(cache_get_pin(txn, &other, NULL, &read), ERR_NOT_FOUND);
	assert_int_equal(cache_each_pin(txn, join_pins, &list), ERR_OK);
	assert_string_equal(list.text, "address=bob a.example=domain ");
	assert_int_equal(cache_delete_pin(txn, NULL, &bob), ERR_OK);
	assert_int_equal(cache_delete_pin(txn, NULL, &bob), ERR_NOT_FOUND);
	assert_int_equal(cache_get_pin(txn, NULL, &bob, &read), ERR_NOT_FOUND);
	assert_int_equal(cache_get_pin(txn, &domain, NULL, &read), ERR_OK);
	of_bob.until = 0;
	assert_int_equal(cache_put_pin(txn, NULL, &bob, &of_bob), ERR_DATA);
	cacheplace_commit(place, txn);
}

static enum err join_parked(void *context, const struct domain *domain,
			    const struct parked *parked)
{
	struct due_list *list = context;
	size_t length = strlen(list->text);

	snprintf(list->text + length, sizeof list->text - length, "%s=%s ", domain->name,
		 parked->host);
	return ERR_OK;
}

static void what_is_parked_comes_back(void **state)
{
	struct cacheplace *place = *state;
	struct domain a = cacheplace_domain("a.example");
	struct domain b = cacheplace_domain("b.example");
	struct parked parked = {.since = NOW, .at = NOW, .host = "rdap.example"};
	struct parked read;
	struct due_list list = {.text = ""};

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(cache_put_parked(txn, &b, &parked), ERR_OK);
	strcpy(parked.host, "rdap.test");
	assert_int_equal(cache_put_parked(txn, &a, &parked), ERR_OK);
	cacheplace_commit(place, txn);
	txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(cache_get_parked(txn, &b, &read), ERR_OK);
	assert_string_equal(read.host, "rdap.example");
	assert_int_equal(cache_each_parked(txn, join_parked, &list), ERR_OK);
	assert_string_equal(list.text, "a.example=rdap.test b.example=rdap.example ");
	assert_int_equal(cache_delete_parked(txn, &a), ERR_OK);
	assert_int_equal(cache_delete_parked(txn, &a), ERR_NOT_FOUND);
	assert_int_equal(cache_get_parked(txn, &a, &read), ERR_NOT_FOUND);
	cacheplace_commit(place, txn);
}

static void a_host_comes_back(void **state)
{
	struct cacheplace *place = *state;
	struct host_record host = {.rate = 7, .rests_until = NOW};
	struct host_record read;

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(cache_put_host(txn, "rdap.example", &host), ERR_OK);
	cacheplace_commit(place, txn);
	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	assert_int_equal(cache_get_host(txn, "rdap.example", &read), ERR_OK);
	assert_int_equal(read.rate, 7);
	assert_int_equal(read.rests_until, NOW);
	assert_int_equal(cache_get_host(txn, "rdap.test", &read), ERR_NOT_FOUND);
	cache_read_end(txn);
}

int main(void)
{
#define AT_A_PLACE(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, cacheplace_set_up, cacheplace_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(the_clock_does_not_go_back),
		AT_A_PLACE(the_clock_is_looked_at_after_the_wait),
		AT_A_PLACE(due_follows_the_facts),
		AT_A_PLACE(what_is_appended_is_due_as_well),
		AT_A_PLACE(due_is_true_after_many_changes),
		AT_A_PLACE(facts_come_back),
		AT_A_PLACE(history_is_kept_in_order_and_once),
		AT_A_PLACE(what_is_aborted_gives_its_sequence_back),
		AT_A_PLACE(addresses_come_back),
		AT_A_PLACE(mailboxes_and_domains_have_pins_of_their_own),
		AT_A_PLACE(what_is_parked_comes_back),
		AT_A_PLACE(a_host_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
