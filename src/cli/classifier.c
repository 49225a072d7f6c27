/* SPDX-License-Identifier: BSD-2-Clause */
/* classifier: what the milter's rules make of a stored message. */
#include "classifier.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char return_path[] = "Return-Path";

enum err classifier_open(struct classifier *classifier, const struct rules *rules,
			 size_t body_limit, bool keeps_links)
{
	*classifier = (struct classifier){
		.rules = rules,
		.body_limit = body_limit,
		.keeps_links = keeps_links,
		.body = mime_body_new(),
		.field = malloc(CLASSIFIER_FIELD_MAX + 1),
		.subject = malloc(CLASSIFIER_FIELD_MAX + 1),
	};
	if (classifier->body != NULL && classifier->field != NULL && classifier->subject != NULL)
		return ERR_OK;
	classifier_close(classifier);
	return ERR_NO_MEMORY;
}

static void forget_links(struct classifier *classifier)
{
	for (size_t i = 0; i < classifier->link_count && i < CLASSIFIER_LINKS_MAX; i++)
		free(classifier->links[i]);
	classifier->link_count = 0;
}

void classifier_close(struct classifier *classifier)
{
	forget_links(classifier);
	mime_body_free(classifier->body);
	free(classifier->field);
	free(classifier->subject);
}

void classifier_begin(struct classifier *classifier)
{
	forget_links(classifier);
	classifier->in_body = false;
	classifier->line_begun = false;
	classifier->has_sender = false;
	classifier->has_subject = false;
	classifier->field_length = 0;
	mime_part_init(&classifier->part);
	rules_match_init(classifier->rules, &classifier->match);
}

/* ------------------------------------------------------------------- header */

static void take_sender(struct classifier *classifier, const char *value)
{
	char sender[CLASSIFIER_FIELD_MAX + 1];
	size_t length;

	value += strspn(value, " \t<");
	length = strcspn(value, ">");
	memcpy(sender, value, length);
	sender[length] = '\0';
	rules_match_envelope(classifier->rules, &classifier->match, sender, NULL);
	classifier->has_sender = true;
}

static void take_field(struct classifier *classifier)
{
	char *name = classifier->field;
	char *value;

	name[classifier->field_length] = '\0';
	classifier->field_length = 0;
	value = strchr(name, ':');
	if (value == NULL)
		return;
	*value++ = '\0';
	name[strcspn(name, " \t")] = '\0';
	if (*value == ' ')
		value++;
	if (strcasecmp(name, return_path) == 0 && !classifier->has_sender)
		take_sender(classifier, value);
	if (strcasecmp(name, "Subject") == 0 && !classifier->has_subject) {
		mime_decode_header(value, classifier->subject, CLASSIFIER_FIELD_MAX + 1, NULL);
		classifier->has_subject = true;
	}
	mime_part_header(&classifier->part, name, value);
	rules_match_header(classifier->rules, &classifier->match, name, value);
}

static void on_link(void *context, const char *link, size_t length)
{
	struct classifier *classifier = context;

	rules_match_link(classifier->rules, &classifier->match, link, length);
	if (!classifier->keeps_links)
		return;
	if (classifier->link_count < CLASSIFIER_LINKS_MAX) {
		char *kept = strdup(link);

		if (kept == NULL)
			return;
		classifier->links[classifier->link_count] = kept;
	}
	classifier->link_count++;
}

static void end_header(struct classifier *classifier)
{
	const struct links_sink sink = {on_link, classifier};

	take_field(classifier);
	classifier->in_body = true;
	rules_match_end_headers(classifier->rules, &classifier->match);
	mime_body_begin(classifier->body, &classifier->part, classifier->body_limit, &sink);
}

/* Values keep their inner line ends, bare, as the milter sees them. */
static void add_to_field(struct classifier *classifier, const char *line, size_t length)
{
	size_t room = CLASSIFIER_FIELD_MAX - classifier->field_length;

	if (classifier->field_length != 0 && !classifier->line_begun && room > 0) {
		classifier->field[classifier->field_length++] = '\n';
		room--;
	}
	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		length--;
	if (length > room)
		length = room;
	for (size_t i = 0; i < length; i++)
		classifier->field[classifier->field_length++] = line[i] == '\0' ? ' ' : line[i];
}

static bool is_field_line(const char *line, size_t length)
{
	size_t name = 0;

	while (name < length && line[name] > ' ' && line[name] != ':' && line[name] != 0x7f)
		name++;
	while (name < length && (line[name] == ' ' || line[name] == '\t'))
		name++;
	return name > 0 && name < length && line[name] == ':';
}

static void take_header_line(struct classifier *classifier, const char *line, size_t length)
{
	if (classifier->line_begun || *line == ' ' || *line == '\t') {
		add_to_field(classifier, line, length);
		return;
	}
	if (is_field_line(line, length)) {
		take_field(classifier);
		add_to_field(classifier, line, length);
		return;
	}
	end_header(classifier);
	if (*line != '\n' && *line != '\r') /* the empty line is missing */
		mime_body_feed(classifier->body, line, length);
}

void classifier_line(struct classifier *classifier, const char *line, size_t length)
{
	if (classifier->in_body)
		mime_body_feed(classifier->body, line, length);
	else
		take_header_line(classifier, line, length);
	classifier->line_begun = line[length - 1] != '\n';
}

void classifier_end(struct classifier *classifier)
{
	if (!classifier->in_body)
		end_header(classifier);
	mime_body_end(classifier->body, true);
	rules_match_end_body(classifier->rules, &classifier->match);
}

const struct mime_flaw *classifier_flaw(const struct classifier *classifier)
{
	const struct mime_flaw *flaw = &classifier->match.flaw;

	return flaw->kind != MIME_FLAWLESS ? flaw : mime_body_flaw(classifier->body);
}
