// SPDX-License-Identifier: GPL-2.0
/* Names of the counters and of the drop reasons. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "mib.h"

static const char * const mib_names[] = {
#define WALTZ_MIB_NAME(sym, name, text) name,
	WALTZ_COUNTERS(WALTZ_MIB_NAME)
#undef WALTZ_MIB_NAME
#define WALTZ_DROP_NAME(sym, name, text) "drop_" name,
	WALTZ_DROP_REASONS(WALTZ_DROP_NAME)
#undef WALTZ_DROP_NAME
};

/**
 * waltz_mib_name() - a counter's name in /proc/net/waltz_stat
 * @counter: below WALTZ_MIB_MAX
 */
const char *waltz_mib_name(unsigned int counter)
{
	return counter < ARRAY_SIZE(mib_names) ? mib_names[counter] : "?";
}
