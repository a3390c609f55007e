/* Numbers as people and programs read them: see number.h. */
#include "text/number.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Forms that are not listed are TEXT_SIGNIFICANT. */
static const text_form METRIC_FORMS[QL_METRIC_COUNT] = {
    [QL_SQNR_DB] = TEXT_FIXED_2,      [QL_COSINE] = TEXT_FIXED_6,    [QL_FRAC_CLIPPED] = TEXT_PERCENT,
    [QL_ZERO_FRAC] = TEXT_PERCENT,    [QL_LEVELS_USED] = TEXT_COUNT, [QL_UTILISATION] = TEXT_PERCENT,
    [QL_ENTROPY_BITS] = TEXT_FIXED_3,
};

static void print_special(char out[TEXT_NUMBER_SIZE], double value)
{
    snprintf(out, TEXT_NUMBER_SIZE, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

static void print_significant(char out[TEXT_NUMBER_SIZE], double value)
{
    if (fabs(value) < 1e7 && value == trunc(value)) {
        snprintf(out, TEXT_NUMBER_SIZE, "%.0f", value == 0 ? 0 : value);
        return;
    }
    snprintf(out, TEXT_NUMBER_SIZE, "%#.4g", value);
    size_t length = strlen(out);
    if (length && out[length - 1] == '.')
        out[length - 1] = '\0';
}

/* Shares that are not zero but would print as 0.0 get more digits. */
static void print_percent(char out[TEXT_NUMBER_SIZE], double share)
{
    double percent = 100 * share;
    if (percent == 0)
        snprintf(out, TEXT_NUMBER_SIZE, "0 %%");
    else if (fabs(percent) < 0.001)
        snprintf(out, TEXT_NUMBER_SIZE, "%.1e %%", percent);
    else
        snprintf(out, TEXT_NUMBER_SIZE, "%.*f %%", fabs(percent) < 0.1 ? 3 : 1, percent);
}

/* -0.00 is 0.00. */
static void print_fixed(char out[TEXT_NUMBER_SIZE], double value, int decimals)
{
    snprintf(out, TEXT_NUMBER_SIZE, "%.*f", decimals, value);
    if (out[0] == '-' && strspn(out + 1, "0.") == strlen(out + 1))
        memmove(out, out + 1, strlen(out));
}

void text_number(char out[TEXT_NUMBER_SIZE], double value, text_form form)
{
    if (!isfinite(value)) {
        print_special(out, value);
        return;
    }
    if (fabs(value) >= 1e15 && form != TEXT_BYTES && form != TEXT_SEVEN && form != TEXT_TEN)
        form = TEXT_SIGNIFICANT;
    switch (form) {
    case TEXT_SIGNIFICANT:
        print_significant(out, value);
        break;
    case TEXT_SEVEN:
        snprintf(out, TEXT_NUMBER_SIZE, "%.7g", value == 0 ? 0 : value);
        break;
    case TEXT_TEN:
        snprintf(out, TEXT_NUMBER_SIZE, "%.10g", value == 0 ? 0 : value);
        break;
    case TEXT_FIXED_2:
        print_fixed(out, value, 2);
        break;
    case TEXT_FIXED_3:
        print_fixed(out, value, 3);
        break;
    case TEXT_FIXED_6:
        print_fixed(out, value, 6);
        break;
    case TEXT_PERCENT:
        print_percent(out, value);
        break;
    case TEXT_COUNT:
        if (value >= 0)
            text_count(out, (uint64_t)value);
        else
            print_fixed(out, value, 0);
        break;
    case TEXT_BYTES:
        text_bytes(out, value > 0 && value < 1e18 ? (uint64_t)value : 0);
        break;
    }
}

void text_count(char out[TEXT_NUMBER_SIZE], uint64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *at = out;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
}

void text_bytes(char out[TEXT_NUMBER_SIZE], uint64_t byte_count)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    if (byte_count < 1024) {
        snprintf(out, TEXT_NUMBER_SIZE, "%" PRIu64 " B", byte_count);
        return;
    }
    double value = (double)byte_count / 1024;
    size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        unit++;
    }
    snprintf(out, TEXT_NUMBER_SIZE, "%.1f %s", value, units[unit]);
}

void text_exact(char out[TEXT_NUMBER_SIZE], double value)
{
    if (!isfinite(value)) {
        print_special(out, value);
        return;
    }
    if (fabs(value) < 1e15 && value == trunc(value)) {
        snprintf(out, TEXT_NUMBER_SIZE, "%.0f", value);
        return;
    }
    /* A decimal of up to DBL_DIG digits comes back whole from a normal number, so that no fewer need be tried. */
    for (int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG; digits <= 17; digits++) {
        snprintf(out, TEXT_NUMBER_SIZE, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return;
    }
}

text_form text_metric_form(ql_metric metric)
{
    return METRIC_FORMS[metric];
}

void text_shape(char *out, size_t size, const ql_tensor *tensor)
{
    static const char cut[] = "…";
    if (tensor->rank == 0) {
        snprintf(out, size, "scalar");
        return;
    }
    size_t used = 0;
    for (unsigned axis = 0; axis < tensor->rank; axis++) {
        char part[32];
        int length = snprintf(part, sizeof part, "%s%" PRIu64, axis ? "×" : "", tensor->shape[axis]);
        if (used + (size_t)length + sizeof cut > size) {
            snprintf(out + used, size - used, "%s", cut);
            return;
        }
        memcpy(out + used, part, (size_t)length + 1);
        used += (size_t)length;
    }
}

void text_duration(char out[TEXT_NUMBER_SIZE], double seconds)
{
    uint64_t whole = seconds > 0 && seconds < 1e9 ? (uint64_t)(seconds + 0.5) : 0;
    unsigned minutes = (unsigned)(whole / 60 % 60);
    unsigned rest = (unsigned)(whole % 60);
    if (whole < 3600)
        snprintf(out, TEXT_NUMBER_SIZE, "%u:%02u", minutes, rest);
    else
        snprintf(out, TEXT_NUMBER_SIZE, "%" PRIu64 ":%02u:%02u", whole / 3600, minutes, rest);
}
