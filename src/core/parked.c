/* SPDX-License-Identifier: BSD-2-Clause */
/* parked: a change of one domain that the brake holds back, and its record. */
#include "resetguard/parked.h"

#include <string.h>

size_t parked_encode(const struct parked *parked, unsigned char record[PARKED_RECORD_MAX])
{
	struct wire_writer writer = wire_writer_init(record, PARKED_RECORD_MAX);
	unsigned char facts[FACTS_RECORD_SIZE];

	facts_encode(&parked->facts, facts);
	wire_write_u8(&writer, PARKED_VERSION);
	wire_write_time(&writer, parked->since);
	wire_write_time(&writer, parked->at);
	wire_write_bytes(&writer, facts, sizeof facts);
	wire_write_text(&writer, parked->host, strnlen(parked->host, DOMAIN_MAX));
	wire_write_text(&writer, parked->evidence,
			strnlen(parked->evidence, HISTORY_EVIDENCE_MAX));
	return (size_t)(writer.at - record);
}

enum err parked_decode(struct bytes record, struct parked *parked)
{
	struct wire_reader reader = wire_reader_init(record);
	struct parked read = {.since = 0};
	unsigned char facts[FACTS_RECORD_SIZE];
	unsigned version = wire_read_u8(&reader);
	enum err err;

	if (!reader.failed && version != PARKED_VERSION)
		return ERR_VERSION;
	read.since = wire_read_time(&reader);
	read.at = wire_read_time(&reader);
	wire_read_bytes(&reader, facts, sizeof facts);
	wire_read_text(&reader, read.host, DOMAIN_MAX);
	wire_read_text(&reader, read.evidence, HISTORY_EVIDENCE_MAX);
	if (!wire_read_done(&reader))
		return ERR_DAMAGED;
	err = facts_decode((struct bytes){facts, sizeof facts}, &read.facts);
	if (err != ERR_OK)
		return err;
	*parked = read;
	return ERR_OK;
}
