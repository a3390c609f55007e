/* What the columns say together, in a sentence or two from their numbers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"
#include "tui/compare.h"

/* What is worth a word, in bits per weight and dB. */
#define SAVED_BITS 0.5
#define FEW_BITS   0.6
#define TOLD_BITS  0.0005
#define NEAR_DB    3.0
#define TOLD_DB    0.05
#define RUINED     1.25 /* times the other product's error */

typedef struct voice {
    char letter;
    const ql_report *report;
    double bits, db, product; /* NAN: not known */
} voice;

static size_t list_voices(const tui_app *app, voice out[TUI_PINS_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < app->document.pins.count; i++) {
        const tui_shown_column column = tui_shown_column_of(app, i);
        if (column.is_exact && column.report && isfinite(column.report->metrics[QL_SQNR_DB]))
            out[count++] = (voice) { column.letter, column.report, column.report->bits_per_weight,
                                     column.report->metrics[QL_SQNR_DB], column.has_product ? column.product : NAN };
    }
    return count;
}

/* "8", "4.25". */
static const char *bits_text(double bits, char out[TEXT_NUMBER_SIZE])
{
    snprintf(out, TEXT_NUMBER_SIZE, "%.3f", bits);
    size_t length = strlen(out);
    while (out[length - 1] == '0')
        out[--length] = 0;
    if (out[length - 1] == '.')
        out[length - 1] = 0;
    return out;
}

/* The cheap one is as good as the dear one, or nearly: why it may be. */
static const char *reason_of(const voice *cheap, const voice *dear)
{
    if (cheap->report->group_count > 4 * dear->report->group_count)
        return "finer scales buy more than bits here";
    if (cheap->report->spec.mapping != dear->report->spec.mapping)
        return "its levels lie where these weights are";
    if (cheap->report->spec.clip != dear->report->spec.clip)
        return "the clip buys more than bits here";
    return "the bits between buy little here";
}

/* The largest saving of bits that costs few dB. */
static bool say_saving(const voice *voices, size_t count, char *out, size_t size)
{
    const voice *cheap = NULL, *dear = NULL;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++) {
            const double saved = voices[k].bits - voices[i].bits;
            if (saved >= SAVED_BITS && voices[i].db >= voices[k].db - NEAR_DB &&
                (!cheap || saved > dear->bits - cheap->bits)) {
                cheap = &voices[i];
                dear = &voices[k];
            }
        }
    if (!cheap)
        return false;
    char low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE];
    const double gain = cheap->db - dear->db;
    if (fabs(gain) < TOLD_DB)
        snprintf(out, size, "%c at %s bits is as good as %c at %s: %s.", cheap->letter, bits_text(cheap->bits, low),
                 dear->letter, bits_text(dear->bits, high), reason_of(cheap, dear));
    else
        snprintf(out, size, "%c at %s bits %s %.1f dB %s %c at %s: %s.", cheap->letter, bits_text(cheap->bits, low),
                 gain > 0 ? "is" : "is within", fabs(gain), gain > 0 ? "better than" : "of", dear->letter,
                 bits_text(dear->bits, high), reason_of(cheap, dear));
    return true;
}

/* Better weights, and a worse product. */
static bool say_product(const voice *voices, size_t count, char *out, size_t size)
{
    const voice *better = NULL, *worse = NULL; /* of the weights */
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++) {
            const double ratio = voices[i].product / voices[k].product;
            if (voices[i].db > voices[k].db + TOLD_DB && ratio > RUINED &&
                (!better || ratio > better->product / worse->product)) {
                better = &voices[i];
                worse = &voices[k];
            }
        }
    if (!better)
        return false;
    char small[TEXT_NUMBER_SIZE], large[TEXT_NUMBER_SIZE];
    text_number(small, worse->product, TEXT_SIGNIFICANT);
    text_number(large, better->product, TEXT_SIGNIFICANT);
    snprintf(out, size, "%c has better weights than %c (+%.1f dB) and a worse product (%s against %s): read both rows.",
             better->letter, worse->letter, better->db - worse->db, large, small);
    return true;
}

/* The largest gain in dB for a fraction of a bit. */
static bool say_gain(const voice *voices, size_t count, char *out, size_t size)
{
    const voice *good = NULL, *bad = NULL;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            if (voices[i].bits > voices[k].bits + TOLD_BITS && voices[i].bits - voices[k].bits < FEW_BITS &&
                voices[i].db - voices[k].db > TOLD_DB && (!good || voices[i].db - voices[k].db > good->db - bad->db)) {
                good = &voices[i];
                bad = &voices[k];
            }
    if (!good)
        return false;
    char bits[TEXT_NUMBER_SIZE], many[TEXT_NUMBER_SIZE], few[TEXT_NUMBER_SIZE], why[128] = "";
    text_count(many, good->report->group_count);
    text_count(few, bad->report->group_count);
    if (good->report->group_count > 4 * bad->report->group_count)
        snprintf(why, sizeof why, ": %s scales instead of %s", many, few);
    snprintf(out, size, "%c gains %.1f dB over %c for %s bit%s.", good->letter, good->db - bad->db, bad->letter,
             bits_text(good->bits - bad->bits, bits), why);
    return true;
}

/* A column that another one of its size, or a little smaller, beats in everything. */
static bool say_waste(const voice *voices, size_t count, char *out, size_t size)
{
    const voice *waste = NULL, *better = NULL;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            if (voices[k].bits < voices[i].bits + TOLD_BITS && voices[k].bits > voices[i].bits - SAVED_BITS &&
                voices[k].db > voices[i].db + TOLD_DB && !(voices[k].product > voices[i].product) &&
                (!waste || voices[k].db - voices[i].db > better->db - waste->db)) {
                waste = &voices[i];
                better = &voices[k];
            }
    if (!waste)
        return false;
    snprintf(out, size, "Nothing speaks for %c: %c is %.1f dB better and %s.", waste->letter, better->letter,
             better->db - waste->db, better->bits < waste->bits - TOLD_BITS ? "smaller" : "as small");
    return true;
}

/* What a bit buys between the smallest and the largest. */
static bool say_slope(const voice *voices, size_t count, char *out, size_t size)
{
    const voice *least = NULL, *most = NULL;
    for (size_t i = 0; i < count; i++) {
        least = !least || voices[i].bits < least->bits ? &voices[i] : least;
        most = !most || voices[i].bits > most->bits ? &voices[i] : most;
    }
    if (!least || most->bits - least->bits < SAVED_BITS)
        return false;
    const double slope = (most->db - least->db) / (most->bits - least->bits);
    snprintf(out, size, "From %c to %c a bit per weight buys %.1f dB%s.", least->letter, most->letter, slope,
             slope > 6.1 ? ", more than the 6.02 of finer steps alone" : "; finer steps alone would give 6.02");
    return true;
}

bool tui_compare_words(const tui_app *app, char *out, size_t size)
{
    static bool (*const sentences[])(const voice *, size_t, char *, size_t) = { say_product, say_saving, say_gain, say_waste,
                                                                                say_slope };
    enum { MOST_SENTENCES = 2 };
    voice voices[TUI_PINS_MOST];
    const size_t count = list_voices(app, voices), all = app->document.pins.count;
    size_t used = 0;
    int said = 0;
    if (!tui_document_is_settled(&app->document) && count < all) {
        snprintf(out, size, "%zu of %zu columns measured", count, all);
        return true;
    }
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0] && said < MOST_SENTENCES; i++) {
        char sentence[256];
        if (used >= size || !sentences[i](voices, count, sentence, sizeof sentence))
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s", said ? " " : "", sentence);
        said++;
    }
    return said > 0;
}
