/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A region's life as the core sees it, as one table. The chip decides; the core keeps what it has
 * to refuse by itself, and what it has to let go of: so whether there is a layout to commit or to
 * revert it leaves to the chip. A reset and a layout end a generation, which handles carry: that is
 * not a state.
 *
 *	GONE ──seen──> WHOLE ──splits──> PARTED ──commits──> SPLIT ──merges──> MERGED ──commits──>
 *WHOLE │                 └──reverts: as the chip says                └──reverts ... └──seen bad──>
 *QUARANTINED ──releases──> WHOLE
 */
#include "hal/core/region.h"

#define GO(to)                                     \
	{                                          \
		ROAD_OK, NULL, ROAD_REGION_##to, 0 \
	}
#define DO(to, what)                                  \
	{                                             \
		ROAD_OK, NULL, ROAD_REGION_##to, what \
	}
#define NO(why, text)                                   \
	{                                               \
		ROAD_##why, text, ROAD_REGION_STATES, 0 \
	} /* it stays what it is */

#define STALE_TEXT       NO(STALE, "the region is gone: the device was reset, or a layout took it")
#define LOST_TEXT        NO(DEVICE_LOST, "the device is gone")
#define QUARANTINED_TEXT NO(FAULT, "the region is in quarantine after three faults in a minute")
#define CHILDREN_TEXT    NO(BUSY, "the region has children, which take the work")
#define UNDER_WAY_TEXT   NO(BUSY, "a layout was applied and neither committed nor reverted")
#define SOUND_TEXT       NO(NOT_FOUND, "the region is not in quarantine")

/* clang-format off */
static const struct road_region_step table[ROAD_REGION_EVENTS][ROAD_REGION_STATES] = {
	/*                            GONE        WHOLE        SPLIT          MERGED          PARTED          QUARANTINED       LOST */
	[ROAD_REGION_OPENS]         = {STALE_TEXT, GO(WHOLE),   CHILDREN_TEXT, GO(MERGED),     CHILDREN_TEXT,  QUARANTINED_TEXT, LOST_TEXT},
	[ROAD_REGION_SUBMITS]       = {STALE_TEXT, GO(WHOLE),   CHILDREN_TEXT, GO(MERGED),     CHILDREN_TEXT,  QUARANTINED_TEXT, LOST_TEXT},
	[ROAD_REGION_CHECKS_LAYOUT] = {STALE_TEXT, GO(WHOLE),   GO(SPLIT),     UNDER_WAY_TEXT, UNDER_WAY_TEXT, QUARANTINED_TEXT, LOST_TEXT},
	[ROAD_REGION_SPLITS]        = {STALE_TEXT, DO(PARTED, ROAD_REGION_DROPS_SAFE),
	                                                        GO(PARTED),    UNDER_WAY_TEXT, UNDER_WAY_TEXT, QUARANTINED_TEXT, LOST_TEXT},
	[ROAD_REGION_MERGES]        = {STALE_TEXT, GO(MERGED),  GO(MERGED),    UNDER_WAY_TEXT, UNDER_WAY_TEXT, QUARANTINED_TEXT, LOST_TEXT},
	[ROAD_REGION_COMMITS]       = {STALE_TEXT, GO(WHOLE),   GO(SPLIT),     GO(WHOLE),      GO(SPLIT),      GO(QUARANTINED),  LOST_TEXT},
	[ROAD_REGION_REVERTS]       = {STALE_TEXT, GO(WHOLE),   GO(SPLIT),
	                               DO(WHOLE, ROAD_REGION_LOOKS | ROAD_REGION_DROPS_SAFE),
	                               DO(SPLIT, ROAD_REGION_LOOKS), DO(QUARANTINED, ROAD_REGION_LOOKS),       LOST_TEXT},
	[ROAD_REGION_SETS_SAFE]     = {STALE_TEXT, GO(WHOLE),   CHILDREN_TEXT, GO(MERGED),     CHILDREN_TEXT,  QUARANTINED_TEXT, LOST_TEXT},
	[ROAD_REGION_RELEASES]      = {STALE_TEXT, SOUND_TEXT,  SOUND_TEXT,    SOUND_TEXT,     SOUND_TEXT,
	                               DO(WHOLE, ROAD_REGION_LOOKS | ROAD_REGION_DROPS_SAFE),  LOST_TEXT},

	[ROAD_REGION_SEEN_WHOLE]    = {GO(WHOLE),  GO(WHOLE),   GO(WHOLE),     GO(MERGED),     GO(WHOLE),      GO(QUARANTINED),  GO(LOST)},
	[ROAD_REGION_SEEN_SPLIT]    = {GO(SPLIT),  DO(SPLIT, ROAD_REGION_DROPS_SAFE),
	                                                        GO(SPLIT),     GO(SPLIT),      GO(PARTED),     GO(SPLIT),        GO(LOST)},
	[ROAD_REGION_SEEN_BAD]      = {GO(GONE),   GO(QUARANTINED), GO(SPLIT), GO(QUARANTINED), GO(PARTED),    GO(QUARANTINED),  GO(LOST)},
	[ROAD_REGION_SEEN_WELL]     = {GO(GONE),   GO(WHOLE),   GO(SPLIT),     GO(MERGED),     GO(PARTED),
	                               DO(WHOLE, ROAD_REGION_DROPS_SAFE),                                        GO(LOST)},
	[ROAD_REGION_SEEN_OTHER]    = {GO(GONE),   DO(GONE, ROAD_REGION_DROPS_SAFE), GO(GONE),
	                               DO(GONE, ROAD_REGION_DROPS_SAFE),               GO(GONE),
	                               DO(GONE, ROAD_REGION_DROPS_SAFE),                                         GO(LOST)},
	[ROAD_REGION_SEEN_SETTLED]  = {GO(GONE),   GO(WHOLE),   GO(SPLIT),     DO(WHOLE, ROAD_REGION_LOOKS),
	                               DO(SPLIT, ROAD_REGION_LOOKS),                   GO(QUARANTINED),  GO(LOST)},
	[ROAD_REGION_RESETS]        = {GO(GONE),   DO(GONE, ROAD_REGION_DROPS_SAFE), GO(GONE),
	                               DO(GONE, ROAD_REGION_DROPS_SAFE),               GO(GONE),
	                               DO(GONE, ROAD_REGION_DROPS_SAFE),                                         GO(LOST)},
	[ROAD_REGION_LOSES]         = {GO(LOST),   DO(LOST, ROAD_REGION_DROPS_SAFE), GO(LOST),
	                               DO(LOST, ROAD_REGION_DROPS_SAFE),               GO(LOST),
	                               DO(LOST, ROAD_REGION_DROPS_SAFE),                                         GO(LOST)},
};
/* clang-format on */

struct road_region_step road_region_step(enum road_region_state state, enum road_region_event event)
{
	struct road_region_step step = table[event][state];

	if (step.status)
		step.next = state;
	return step;
}
