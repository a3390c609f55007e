/* Axes of a figure: from values to points on the page, round ticks, and numbers as a paper prints them. */
#ifndef QL_PLOT_AXIS_H
#define QL_PLOT_AXIS_H

#include <stdint.h>

typedef struct ql_axis {
    double lo, hi;   /* values at the ends, finite, lo < hi */
    double from, to; /* where the ends lie on the page, points; from > to is an axis that grows upwards */
} ql_axis;

/* Where `value` lies: always finite, at most one axis length beyond either end; the lower end for NaN. */
double ql_axis_at(const ql_axis *axis, double value);

enum { QL_TICK_LIMIT = 16, QL_NUMBER_SIZE = 48 };

typedef struct ql_ticks {
    unsigned count;
    double at[QL_TICK_LIMIT];                  /* values */
    char label[QL_TICK_LIMIT][QL_NUMBER_SIZE]; /* the value / 10^exponent, UTF-8 */
    int exponent;                              /* a common factor taken out of the labels, 0: none */
} ql_ticks;

/* Between 2 and about `wanted` (at most 10) ticks at 1, 2 or 5 times a power of ten inside [lo, hi], finite, lo < hi. */
void ql_ticks_make(ql_ticks *ticks, double lo, double hi, unsigned wanted);

/* The same of places in a row: whole numbers only. hi - lo is 1 or more. */
void ql_ticks_make_whole(ql_ticks *ticks, double lo, double hi, unsigned wanted);

/* `digits` significant digits with a true minus; outside 1e-4 ... 1e6 as "1.39×10⁻⁵"; "inf", "-inf", "nan". */
void ql_number(char out[QL_NUMBER_SIZE], double value, int digits);

/* `decimals` decimals and a unit, a true minus; from a million on as ql_number says it with 4 digits. */
void ql_number_fixed(char out[QL_NUMBER_SIZE], double value, int decimals, const char *unit);

/* "×10⁻⁵", "" for 0. */
void ql_number_power(char out[QL_NUMBER_SIZE], int exponent);

#endif
