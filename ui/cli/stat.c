/* qloupe stat: statistics per tensor, before any quantization. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "text/memory.h"
#include "text/quantized.h"

#include <stdlib.h>
#include <string.h>

/* In the order of the columns. `line` is the title in a line per tensor, `card` that of the card of a single tensor. */
enum {
    NAME,
    DTYPE,
    SHAPE,
    LAYOUT,
    ELEMENTS,
    BYTES,
    COUNT,
    NANS,
    INFS,
    ZEROS,
    SUM,
    SUM_ABS,
    MIN,
    MAX,
    MEAN,
    STD,
    SKEW,
    KURTOSIS,
    QUANTILES,
    BEYOND_3S = QUANTILES + QL_QUANTILE_COUNT,
    BEYOND_6S,
    DISTINCT,
    STORED_BITS, /* of block types, as the others up to the entropy */
    RUN,
    SCALES,
    SCALE_MIN,
    SCALE_MEDIAN,
    SCALE_MAX,
    SCALE_ZEROS,
    SCALE_NONFINITE,
    CODES_POSSIBLE,
    CODES_USED,
    ENTROPY,
    NOTE,   /* for programs: what is wrong or worth to know */
    REMARK, /* for people: the same, or what block types are stored as where there is no card */
    COLUMN_COUNT
};

static const struct {
    const char *key, *line, *card, *help;
    text_form form;
} COLUMNS[COLUMN_COUNT] = {
    [NAME] = { "name", "name", NULL, NULL, TEXT_COUNT },
    [DTYPE] = { "dtype", "dtype", "dtype", NULL, TEXT_COUNT },
    [SHAPE] = { "shape", "shape", "shape", NULL, TEXT_COUNT },
    [LAYOUT] = { "layout", NULL, "layout", NULL, TEXT_COUNT },
    [ELEMENTS] = { "elements", NULL, "elements", NULL, TEXT_COUNT },
    [BYTES] = { "bytes", NULL, "size", NULL, TEXT_BYTES },
    [COUNT] = { "stats/count", NULL, NULL, NULL, TEXT_COUNT },
    [NANS] = { "stats/nan", "NaN", "NaN", NULL, TEXT_COUNT },
    [INFS] = { "stats/inf", "Inf", "infinite", NULL, TEXT_COUNT },
    [ZEROS] = { "stats/zeros", "zeros", "zeros", NULL, TEXT_COUNT },
    [SUM] = { "stats/sum", NULL, "sum", NULL, TEXT_SIGNIFICANT },
    [SUM_ABS] = { "stats/sum_abs", NULL, "sum of |x|", NULL, TEXT_SIGNIFICANT },
    [MIN] = { "stats/min", "min", "min", NULL, TEXT_SIGNIFICANT },
    [MAX] = { "stats/max", "max", "max", NULL, TEXT_SIGNIFICANT },
    [MEAN] = { "stats/mean", "mean", "mean", NULL, TEXT_SIGNIFICANT },
    [STD] = { "stats/std", "std σ", "std σ", "of the population", TEXT_SIGNIFICANT },
    [SKEW] = { "stats/skew", NULL, "skew", "0: symmetric", TEXT_FIXED_2 },
    [KURTOSIS] = { "stats/kurtosis", "kurtosis", "kurtosis", "excess: 0 for a normal distribution, more with heavy tails",
                   TEXT_FIXED_2 },
    [BEYOND_3S] = { "stats/beyond_3s", NULL, "beyond 3σ", NULL, TEXT_COUNT },
    [BEYOND_6S] = { "stats/beyond_6s", ">6σ", "beyond 6σ", "outliers: they stretch the step of everything else",
                    TEXT_COUNT },
    [DISTINCT] = { "stats/distinct", NULL, "values", "different ones, counted up to 256", TEXT_COUNT },
    [STORED_BITS] = { "quantized/bits_per_weight", NULL, "bits per weight", "as stored, everything counted", TEXT_SEVEN },
    [RUN] = { "quantized/block", NULL, "block", "elements that share a scale", TEXT_COUNT },
    [SCALES] = { "quantized/scales/count", NULL, "scales",
                 "their magnitudes, with those of the sub-blocks multiplied in:", TEXT_COUNT },
    [SCALE_MIN] = { "quantized/scales/min", NULL, "  least", NULL, TEXT_SIGNIFICANT },
    [SCALE_MEDIAN] = { "quantized/scales/median", NULL, "  median", NULL, TEXT_SIGNIFICANT },
    [SCALE_MAX] = { "quantized/scales/max", NULL, "  greatest", NULL, TEXT_SIGNIFICANT },
    [SCALE_ZEROS] = { "quantized/scales/zero", NULL, "  0", "all values of such a block are the same", TEXT_COUNT },
    [SCALE_NONFINITE] = { "quantized/scales/nonfinite", NULL, "  NaN, infinite", NULL, TEXT_COUNT },
    [CODES_POSSIBLE] = { "quantized/codes/possible", NULL, "codes", "how many there are", TEXT_COUNT },
    [CODES_USED] = { "quantized/codes/used", NULL, "  used", NULL, TEXT_COUNT },
    [ENTROPY] = { "quantized/codes/entropy_bits", NULL, "  entropy", "bits that a code is worth", TEXT_FIXED_3 },
    [NOTE] = { "note", NULL, NULL, NULL, TEXT_COUNT },
    [REMARK] = { NULL, "note", "note", NULL, TEXT_COUNT },
};

/* "stats/quantiles/99.9" and "99.9 %", made once. */
static void describe_quantile(size_t index, sheet_column *out)
{
    static char keys[QL_QUANTILE_COUNT][40], titles[QL_QUANTILE_COUNT][24];
    snprintf(keys[index], sizeof keys[index], "stats/quantiles/%g", ql_quantile_percents[index]);
    snprintf(titles[index], sizeof titles[index], "quantile %g %%", ql_quantile_percents[index]);
    out->key = keys[index];
    out->title = titles[index];
    out->form = TEXT_SIGNIFICANT;
}

static void describe_columns(sheet_column out[COLUMN_COUNT], bool card)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        out[i] = (sheet_column) { .key = COLUMNS[i].key,
                                  .title = card ? COLUMNS[i].card : COLUMNS[i].line,
                                  .form = COLUMNS[i].form };
        out[i].help = card ? COLUMNS[i].help : NULL;
    }
    for (size_t i = 0; i < QL_QUANTILE_COUNT; i++) {
        describe_quantile(i, &out[QUANTILES + i]);
        if (!card)
            out[QUANTILES + i].title = NULL;
    }
    out[NAME].stretch = true;
    out[REMARK].note = !card;
}

static void add_stats(sheet_cell *row, const ql_stats *stats)
{
    row[COUNT] = sheet_unsigned(stats->count);
    row[NANS] = sheet_unsigned(stats->nan);
    row[INFS] = sheet_unsigned(stats->inf);
    row[ZEROS] = sheet_unsigned(stats->zeros);
    row[SUM] = sheet_number(stats->sum);
    row[SUM_ABS] = sheet_number(stats->sum_abs);
    row[MIN] = sheet_number(stats->min);
    row[MAX] = sheet_number(stats->max);
    row[MEAN] = sheet_number(stats->mean);
    row[STD] = sheet_number(stats->std);
    row[SKEW] = sheet_number(stats->skew);
    row[KURTOSIS] = sheet_number(stats->kurtosis);
    for (size_t i = 0; i < QL_QUANTILE_COUNT; i++)
        row[QUANTILES + i] = sheet_number(stats->quantiles[i]);
    row[BEYOND_3S] = sheet_unsigned(stats->beyond_3s);
    row[BEYOND_6S] = sheet_unsigned(stats->beyond_6s);
    if (stats->distinct)
        row[DISTINCT] = sheet_unsigned(stats->distinct);
}

static void add_stored(sheet_cell *row, const ql_stored *stored)
{
    row[STORED_BITS] = sheet_number(stored->bits_per_weight);
    if (stored->scale_count == 0)
        return;
    row[RUN] = sheet_unsigned(stored->run);
    row[SCALES] = sheet_unsigned(stored->scale_count);
    row[SCALE_MIN] = sheet_number(stored->scale_min);
    row[SCALE_MEDIAN] = sheet_number(stored->scale_median);
    row[SCALE_MAX] = sheet_number(stored->scale_max);
    row[SCALE_ZEROS] = sheet_unsigned(stored->scale_zeros);
    row[SCALE_NONFINITE] = sheet_unsigned(stored->scale_nonfinite);
    row[CODES_POSSIBLE] = sheet_unsigned(stored->codes_possible);
    row[CODES_USED] = sheet_unsigned(stored->codes_used);
    row[ENTROPY] = sheet_number(stored->entropy_bits);
}

/* What is known of a tensor; NULL, or a note why not. */
typedef struct facts {
    ql_profile *profile;
    char *note;
    ql_stored stored;
    bool has_stored;
} facts;

static void add_row(sheet_table *table, const ql_tensor *tensor, const facts *known, bool card)
{
    sheet_cell *row = sheet_table_add(table);
    row[NAME] = sheet_text(tensor->name);
    row[DTYPE] = sheet_dtype(tensor->dtype);
    row[SHAPE] = sheet_shape(tensor);
    row[LAYOUT] = sheet_words(ql_layout_name(tensor->layout));
    row[ELEMENTS] = sheet_unsigned(tensor->element_count);
    row[BYTES] = sheet_unsigned(tensor->byte_count);
    char verdict[TEXT_QUANTIZED_SIZE] = "", stored[TEXT_QUANTIZED_SIZE] = "", remark[1200];
    if (known->profile) {
        add_stats(row, &known->profile->stats);
        text_few_levels(verdict, known->profile);
    }
    if (known->has_stored) {
        add_stored(row, &known->stored);
        text_stored(stored, &known->stored);
    }
    const char *note = known->note ? known->note : verdict;
    if (*note)
        row[NOTE] = sheet_words(sheet_table_keep(table, note));
    if (card)
        stored[0] = '\0'; /* it has lines of its own */
    snprintf(remark, sizeof remark, "%s%s%s", note, *note && *stored ? "; " : "", stored);
    if (*remark)
        row[REMARK] = sheet_words(sheet_table_keep(table, remark));
}

/* Block types tell more than their values. */
static int find_stored(cli_session *session, const ql_tensor *tensor, facts *known)
{
    known->has_stored = ql_dtype_has_scales(tensor->dtype);
    if (!known->has_stored)
        return CLI_GOOD;
    ql_error error;
    const ql_monitor *monitor = cli_session_task(session, (double)tensor->element_count);
    if (ql_stored_make(session->engine, tensor, monitor, &known->stored, &error) != QL_OK)
        return cli_complain_error(&error);
    return CLI_GOOD;
}

static int measure(cli_session *session, sheet_table *table, bool card)
{
    double elements = 0;
    for (size_t i = 0; i < session->tensor_count; i++)
        elements += (double)session->tensors[i]->element_count * (ql_dtype_has_scales(session->tensors[i]->dtype) ? 2 : 1);
    int code = cli_session_start(session, elements);
    for (size_t i = 0; i < session->tensor_count && code == CLI_GOOD; i++) {
        facts known = { 0 };
        code = cli_session_profile(session, session->tensors[i], &known.profile, &known.note);
        if (code == CLI_GOOD)
            code = find_stored(session, session->tensors[i], &known);
        if (code == CLI_GOOD)
            add_row(table, session->tensors[i], &known, card);
        free(known.note);
        ql_profile_free(&known.profile);
    }
    cli_progress_hide();
    return code;
}

static void tell(const cli_session *session, const sheet_table *table, bool card)
{
    size_t damaged = 0, unread = 0;
    for (size_t row = 0; row < table->row_count; row++) {
        const sheet_cell *cells = sheet_table_row(table, row);
        unread += cells[COUNT].kind == SHEET_NOTHING;
        damaged += cells[COUNT].kind != SHEET_NOTHING && cells[NANS].as.count + cells[INFS].as.count > 0;
    }
    char below[160];
    snprintf(below, sizeof below, "%zu tensor%s, %zu with NaN or Inf, %zu without statistics", table->row_count,
             table->row_count == 1 ? "" : "s", damaged, unread);
    const sheet_document document = {
        .list = "tensors",
        .file = session->path,
        .format = ql_model_format(session->model),
        .above = card ? cli_shown_text(session->tensors[0]->name) : NULL,
        .below = card ? NULL : below,
        .cards = card,
        .table = table,
    };
    cli_session_write(session, &document);
}

static int run(cli_session *session)
{
    int code = cli_session_open(session);
    /* A file that holds a vocabulary only is as good as any. */
    if (code == CLI_GOOD && (ql_model_tensor_count(session->model) > 0 || cli_is_given(session->arguments, CLI_TENSOR)))
        code = cli_session_choose_given(session);
    if (code != CLI_GOOD)
        return code;
    bool card = session->tensor_count == 1 && cli_session_is_human(session) && cli_is_given(session->arguments, CLI_TENSOR);
    sheet_column columns[COLUMN_COUNT];
    describe_columns(columns, card);
    sheet_table table = sheet_table_over(columns, COLUMN_COUNT);
    code = measure(session, &table, card);
    if (code == CLI_GOOD)
        tell(session, &table, card);
    sheet_table_free(&table);
    return code;
}

const cli_command cli_command_stat = {
    .name = "stat",
    .usage = "[FILE] [-t NAME ...]",
    .summary = "statistics per tensor: range, spread, tails, NaN and Inf, outliers, quantized before or not",
    .details =
        "Statistics are those of the finite values, in double precision; quantiles are exact. One tensor named with -t\n"
        "is shown in full. \"Already quantized\" is a tensor of at most 256 different values, each of which occurs four "
        "times\n"
        "or more on average: fewer elements have few values anyway. Of GGUF's block types the stored scales and codes are\n"
        "counted, too.",
    .example = "qloupe stat model.safetensors\nqloupe stat -t wte.weight",
    .options = CLI_TABLES | CLI_COMPUTES,
    .most_operands = 1,
    .run = run,
};
