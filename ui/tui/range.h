/*
 * The clipping range by hand: specs with clip=manual, from a range that is there and an end of it that moves. Ranges of
 * symmetric mappings are -hi, hi: both ends move together.
 */
#ifndef TUI_RANGE_H
#define TUI_RANGE_H

#include "qloupe.h"

typedef enum tui_end { TUI_END_BOTH, TUI_END_LO, TUI_END_HI } tui_end;

/* A range by hand is possible at all; its two ends are one number. */
bool tui_range_is_possible(const ql_spec *spec);
bool tui_range_is_symmetric(const ql_spec *spec);

/* The range of a spec: its own when it is by hand, else what the report (of this spec, or NULL) says; false when neither
   tells. */
bool tui_range_of(const ql_spec *spec, const ql_report *report, double *lo, double *hi);

/* The range [lo, hi] with the end brought to `value`, in as few decimals as tell values apart that are `grain` from each
   other; never beyond the values of the profile, unless it was before. Leaves clip=manual in *spec; false, and all is as it
   was, when nothing would be left of the range or nothing changes. */
bool tui_range_set(ql_spec *spec, double lo, double hi, tui_end end, double value, double grain, const ql_profile *profile);

/* The same with the end moved by `amount` > 0, out of the range (direction > 0) or into it. */
bool tui_range_move(ql_spec *spec, double lo, double hi, tui_end end, int direction, double amount,
                    const ql_profile *profile);

#endif
