/* Axes, ticks and numbers: see axis.h. */
#include "plot/axis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double ql_axis_at(const ql_axis *axis, double value)
{
    double share = value / (axis->hi - axis->lo) - axis->lo / (axis->hi - axis->lo);
    if (!(share > -1))
        share = share <= -1 ? -1 : 0;
    if (share > 2)
        share = 2;
    return axis->from + share * (axis->to - axis->from);
}

/* The largest of 1, 2, 5 times a power of ten that still gives no more than `wanted` steps over `span`. */
static double round_step(double span, unsigned wanted, int *exponent)
{
    double rough = span / wanted;
    *exponent = (int)floor(log10(rough));
    double unit = pow(10, *exponent);
    static const double multiples[] = { 1, 2, 5 };
    for (int i = 0; i < 3; i++)
        if (multiples[i] * unit >= rough * (1 - 1e-9))
            return multiples[i] * unit;
    ++*exponent;
    return pow(10, *exponent);
}

/* printf's ASCII minus becomes U+2212, which is as wide as a plus. */
static void put_minus(char out[QL_NUMBER_SIZE], const char *number)
{
    snprintf(out, QL_NUMBER_SIZE, "%s%s", number[0] == '-' ? "\u2212" : "", number + (number[0] == '-'));
}

void ql_ticks_make(ql_ticks *ticks, double lo, double hi, unsigned wanted)
{
    int step_exponent;
    double step = round_step(hi - lo, wanted < 10 ? wanted : 10, &step_exponent);
    double largest = fmax(fabs(lo), fabs(hi));
    int exponent = (int)floor(log10(largest));
    ticks->exponent = exponent >= 5 || exponent < -3 ? exponent : 0;
    int decimals = ticks->exponent - step_exponent;

    ticks->count = 0;
    double first = ceil(lo / step - 1e-9), last = floor(hi / step + 1e-9);
    for (double k = first; k <= last && ticks->count < QL_TICK_LIMIT; k++) {
        char number[QL_NUMBER_SIZE];
        double value = k * step;
        snprintf(number, sizeof number, "%.*f", decimals > 0 ? decimals : 0, value / pow(10, ticks->exponent) + 0.0);
        ticks->at[ticks->count] = value;
        put_minus(ticks->label[ticks->count], k == 0 ? "0" : number);
        ticks->count++;
    }
}

void ql_ticks_make_whole(ql_ticks *ticks, double lo, double hi, unsigned wanted)
{
    ql_ticks_make(ticks, lo, hi, (unsigned)fmin(wanted, floor(hi - lo))); /* no step is then below 1 */
}

void ql_number_power(char out[QL_NUMBER_SIZE], int exponent)
{
    static const char *const digits[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
    char plain[16];
    out[0] = '\0';
    if (exponent == 0)
        return;
    snprintf(plain, sizeof plain, "%d", exponent);
    strcpy(out, "×10");
    for (const char *c = plain; *c; c++)
        strcat(out, *c == '-' ? "⁻" : digits[*c - '0']);
}

void ql_number(char out[QL_NUMBER_SIZE], double value, int digits)
{
    char number[QL_NUMBER_SIZE];
    if (!isfinite(value)) {
        snprintf(out, QL_NUMBER_SIZE, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return;
    }
    snprintf(number, sizeof number, "%.*e", digits - 1, value);
    char *e = strchr(number, 'e');
    int exponent = (int)strtol(e + 1, NULL, 10);
    if (value == 0 || (exponent >= -4 && exponent < 6)) {
        int decimals = digits - 1 - exponent;
        snprintf(number, sizeof number, "%.*f", decimals > 0 && value != 0 ? decimals : 0, value + 0.0);
        put_minus(out, number);
        return;
    }
    char power[QL_NUMBER_SIZE];
    *e = '\0';
    put_minus(out, number);
    ql_number_power(power, exponent);
    strncat(out, power, QL_NUMBER_SIZE - strlen(out) - 1);
}

void ql_number_fixed(char out[QL_NUMBER_SIZE], double value, int decimals, const char *unit)
{
    if (fabs(value) < 1e6)
        snprintf(out, QL_NUMBER_SIZE, "%s%.*f%s", value < 0 ? "\u2212" : "", decimals, fabs(value), unit);
    else
        ql_number(out, value, 4);
}
