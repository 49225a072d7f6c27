/* SPDX-License-Identifier: BSD-2-Clause */
/* host_record: what is remembered of one registry host between runs. */
#include "resetguard/host_record.h"

void host_record_encode(const struct host_record *host, unsigned char record[HOST_RECORD_SIZE])
{
	struct wire_writer writer = wire_writer_init(record, HOST_RECORD_SIZE);

	wire_write_u8(&writer, HOST_RECORD_VERSION);
	wire_write_u64(&writer, host->rate);
	wire_write_time(&writer, host->rests_until);
	wire_write_u32(&writer, (uint32_t)host->counts.hour);
	for (unsigned i = 0; i < HOST_RECORD_HOURS; i++)
		wire_write_u32(&writer, host->counts.checked[i]);
	for (unsigned i = 0; i < HOST_RECORD_HOURS; i++)
		wire_write_u32(&writer, host->counts.unexplained[i]);
}

enum err host_record_decode(struct bytes record, struct host_record *host)
{
	struct wire_reader reader = wire_reader_init(record);
	struct host_record read;
	unsigned version = wire_read_u8(&reader);

	if (!reader.failed && version != HOST_RECORD_VERSION)
		return ERR_VERSION;
	read.rate = wire_read_u64(&reader);
	read.rests_until = wire_read_time(&reader);
	read.counts.hour = wire_read_u32(&reader);
	for (unsigned i = 0; i < HOST_RECORD_HOURS; i++)
		read.counts.checked[i] = wire_read_u32(&reader);
	for (unsigned i = 0; i < HOST_RECORD_HOURS; i++)
		read.counts.unexplained[i] = wire_read_u32(&reader);
	if (!wire_read_done(&reader))
		return ERR_DAMAGED;
	*host = read;
	return ERR_OK;
}
